"""What goes out: rows of the outbox become mail (compose) and reach the relay (deliver).

waiting ──claim──▶ sending ──compose──▶ octets ──send──▶ journal ──record──▶ sent
   ▲                                              │
   └───────────── try again later ◀── 4xx ────────┴── 5xx ──▶ failed, said on the ticket
"""
