"""The console: the desk in a browser.  Pages and fragments over views and actions of the desk.

```
browser ──▶ security: host, origin, headers ──▶ who is signed in ──▶ rights ──▶ a page's function
                                                                                 │ looks: a unit
                                                                                 │ acts: the desk
 live: one stream a browser  ◀── feed ◀── events of the desk                     ▼
                                                                               a template
```

`console` holds what all pages share, `visit` one request, `rights` who may what.  A module of
`pages` is one screen; it has no SQL and no rule of its own.
"""
