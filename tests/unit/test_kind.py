"""Who wrote a mail: a person, a program for him, or a button that he pressed (H38, H106, H107)."""

from __future__ import annotations

import json
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTPUTF8
from pathlib import Path

import pytest

from maild.model import Kind, Mail
from maild.parse import phrases
from maild.parse.parser import parse

ANSWERS = {"In-Reply-To": "<1@desk.example>", "References": "<1@desk.example>"}
HEADER = (
    "\n\nFrom: Desk <support@desk.example>\nSent: Monday, November 2, 2026 9:00 AM\n"
    "To: Ann <ann@acme.example>\nSubject: Printer\n\nHave you tried to switch it off and on?"
)


def written(
    text: str, subject: str = "Re: Printer", headers: dict[str, str] | None = None
) -> EmailMessage:
    message = EmailMessage(policy=SMTPUTF8)
    message["From"] = "Ann Acker <ann@acme.example>"
    message["To"] = "support@desk.example"
    message["Subject"] = subject
    for name, value in (ANSWERS if headers is None else headers).items():
        message[name] = value
    message.set_content(text)
    return message


def read(text: str, subject: str = "Re: Printer", headers: dict[str, str] | None = None) -> Mail:
    """Of what `written` writes, without the library that takes longer than to read it."""
    given = ANSWERS if headers is None else headers
    fields = {
        "From": "Ann Acker <ann@acme.example>",
        "To": "support@desk.example",
        "Subject": subject,
        **given,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return parse(f"{head}\r\n{text}\n".encode())


# ---- absences

AWAY = [
    "I am away until Monday.",
    "Thank you for your message. I am out of the office from 3 November to 10 November with"
    " limited access to email. For urgent matters please contact Max Muster (max@acme.example,"
    " +49 30 123456).\n\nKind regards\nAnn Acker\nAcme",
    "Guten Tag,\n\nich bin bis 10. November nicht im Büro. In dringenden Fällen wenden Sie sich an"
    " Carl.",
    "Ich bin vom 3.11. bis einschließlich 10.11.2026 im Urlaub. Ihre E-Mail wird nicht"
    " weitergeleitet. In dringenden Fällen erreichen Sie meine Kollegin Frau Berta Bär unter"
    " 030 1234567 oder berta@acme.example.\n\nMit freundlichen Grüßen\nAnn Acker",
    "Bonjour,\n\nJe suis absent du bureau jusqu'au 10 novembre inclus. En cas d'urgence, merci de"
    " contacter Max Muster.\n\nCordialement,\nAnn",
    "Estoy fuera de la oficina hasta el lunes 10 de noviembre. Para asuntos urgentes, contacte con"
    " Max Muster.\n\nSaludos",
    "Sono fuori ufficio fino al 10 novembre. Per urgenze contattare Max Muster.",
    "Ik ben tot en met maandag 10 november afwezig. Voor dringende zaken kunt u contact opnemen"
    " met Max Muster.",
    "Jestem na urlopie do 10 listopada. W pilnych sprawach proszę o kontakt z Max Muster.",
    "Я нахожусь в отпуске до 10 ноября. По срочным вопросам обращайтесь к Max Muster.",
    "お世話になっております。\n11月10日まで休暇をいただいております。お急ぎの場合は鈴木まで"
    "ご連絡ください。",
    "您好，我正在休假，11月10日回来后回复您。如有急事请联系小王。",
    "Jeg er på ferie til og med mandag 10. november. Kontakt venligst Max, tlf. 12 34 56 78.",
    "Jag är på semester till den 10 november. Kontakta Max Muster vid brådskande ärenden.",
    "I'm on parental leave until January 2027. Please contact Max Muster (max@acme.example,"
    " +49 30 123456) instead.",
    "Buenos días,\n\nEstoy de vacaciones hasta el 9 de noviembre. Para cualquier urgencia contacte"
    " con max@acme.example.\n\nUn saludo\nAna",
    "Bom dia,\nEstou de férias até 9 de novembro. Em caso de urgência, contate Max Muster.",
    "Hej\nJeg holder ferie til og med den 9. november. Ved hastesager kontakt max@acme.example.",
    "9 Kasım tarihine kadar yıllık izindeyim. Acil durumlar için max@acme.example ile iletişime"
    " geçebilirsiniz.\nSaygılarımla\nAyşe",
    "November 9-ig szabadságon vagyok. Sürgős esetben kérem, keresse max@acme.example.",
    "Sunt în concediu până pe 9 noiembrie. Pentru urgențe vă rog să contactați Max Muster.",
    "Dobrý deň,\nčerpám dovolenku do 9. novembra. V naliehavých prípadoch kontaktujte"
    " max@acme.example.\nS pozdravom\nAnna",
    "Я у відпустці до 9 листопада. З термінових питань звертайтеся: max@acme.example.",
    "안녕하세요, 11월 9일까지 휴가입니다. 급한 용무는 max@acme.example로 연락 주시기 바랍니다.",
    "11月9日まで休暇のため不在にしております。\n急ぎの場合は max@acme.example までご連絡ください。",
]
AWAY_BUT = [
    "Serial number 4711. I am out until Monday, Max has the keys",
    "It is the one next to the kitchen, serial number 4711. I am out of the office until Monday,"
    " so please deal with Max directly, he has the keys.\n\nThanks\nAnn",
    "I am out until Monday, Max has the keys.",
    "Yes please. I am on vacation next week so do it then.",
    "The printer is in room 12, I am out of the office until Friday.",
    "I'm on holiday until the 7th. The laptop is at reception.",
    "I am out of the office until Monday. Can you send somebody on Tuesday?",
    "I am out of the office until Monday. Please send somebody on Tuesday.",
    "ok, I'm out tomorrow",
    "Please close it, I am on leave from tomorrow.",
    "I no longer work for Acme, please remove my account",
    "Our whole team is on vacation, use the spare key",
    "4711, I am out until Monday",
    "I am away until Monday.\n\nBest regards\nAnn\n\nPS: the scanner is broken, too",
    "Die Seriennummer ist 4711. Ich bin bis Montag nicht im Büro, Max hat die Schlüssel.",
    "Ich bin bis Montag im Urlaub, die Schlüssel hat Max.",
    "Bitte erst nächste Woche, ich bin bis Freitag im Urlaub.",
    "Anbei das Foto. Ich bin ab morgen im Urlaub und erst am 7.12. wieder im Büro, bitte mit Max"
    " klären.\n\nGruß\nAnn",
    "Der Drucker steht in Raum 12. Bin bis Montag nicht erreichbar.",
    "Je suis absent jusqu'à lundi, le numéro de série est 4711.",
    "Je suis en congé jusqu'au 10, les clés sont à l'accueil.",
    "Estoy de vacaciones hasta el lunes, Max tiene las llaves.",
    "Estoy fuera de la oficina hoy. El número de serie es 4711.",
    "Sono in ferie fino a lunedì, le chiavi le ha Max.",
    "Ik ben tot maandag afwezig, Max heeft de sleutels.",
    "Jestem na urlopie do poniedziałku, klucze ma Max.",
    "Я в отпуске до понедельника, ключи у Макса.",
    "月曜日まで休暇をいただいております。鍵は鈴木が持っています。シリアル番号は4711です。",
    "我正在休假，钥匙在小王那里，序列号是4711。",
    "Pazartesiye kadar izindeyim, anahtarlar Max'ta.",
    "Hétfőig szabadságon vagyok, a kulcs Maxnál van.",
    "Sunt în concediu până luni, cheile sunt la recepție.",
    "Do pondelka čerpám dovolenku, kľúče má Max.",
    "Я у відпустці до понеділка, ключі у Макса.",
    "월요일까지 휴가입니다. 열쇠는 김대리가 가지고 있습니다.",
]


@pytest.mark.parametrize("text", AWAY)
def test_a_text_that_only_says_that_somebody_is_away(text: str) -> None:
    assert read(text).kind is Kind.AUTO_REPLY
    assert read(text + HEADER).kind is Kind.AUTO_REPLY
    assert read(text, headers={}, subject="Holidays").kind is Kind.HUMAN  # it answers nothing


@pytest.mark.parametrize("text", AWAY_BUT)
def test_h106_a_person_mentions_an_absence(text: str) -> None:
    assert read(text).kind is Kind.HUMAN
    assert read(text + HEADER).kind is Kind.HUMAN
    auto = {**ANSWERS, "Auto-Submitted": "auto-replied"}
    assert read(text, headers=auto).kind is Kind.AUTO_REPLY  # a header says so


@pytest.mark.parametrize("text", AWAY)
def test_h106_with_a_file_it_is_a_persons(text: str) -> None:
    message = written(text)
    message.add_attachment(b"x" * 99, maintype="image", subtype="jpeg", filename="label.jpg")
    assert parse(message.as_bytes()).kind is Kind.HUMAN


@pytest.mark.parametrize("text", AWAY)
def test_h106_an_absence_that_is_quoted_is_not_said(text: str) -> None:
    quoted = "\n".join(f"> {line}" for line in text.split("\n"))
    said = f"Whom can I ask then\n\nOn 2 Nov 2026, at 9:00, Bob <bob@desk.example> wrote:\n{quoted}"
    assert read(said).kind is Kind.HUMAN


RECEIPTS = {
    "Letto: Printer": "Messaggio\n\n  A: Desk\n  Oggetto: Printer\n\nè stato letto il 2/11/2026.",
    "Прочтено: Printer": "Ваше сообщение\n\n  Кому: Desk\n  Тема: Printer\n\nпрочтено 02.11.2026",
    "已读: Printer": "您的邮件\n\n  收件人: Desk\n  主题: Printer\n\n已于 2026年11月2日 阅读",
    "Okundu: Printer": "İletiniz\n\n  Kime: Desk\n  Konu: Printer\n\n02.11.2026 tarihinde okundu.",
    "Prečítané: Printer": "Vaša správa\n\n  Komu: Desk\n\nbola prečítaná 2. 11. 2026.",
    "Citit: Printer": "Mesajul\n\n  Către: Desk\n  Subiect: Printer\n\na fost citit pe 02.11.2026.",
}


@pytest.mark.parametrize("subject", RECEIPTS)
def test_a_receipt_without_its_part(subject: str) -> None:
    assert read(RECEIPTS[subject], subject).kind is Kind.RECEIPT
    assert read("The status is wrong.", subject).kind is Kind.HUMAN


SCANNERS = {  # by subject: who wrote it, and what it is
    "[Postmaster] Email Delivery Delayed": (
        "This is a delivery delay notification message for bob@acme.example. We go on.",
        Kind.DELAY,
    ),
    "**Message you sent blocked by our bulk email filter**": (
        "Your message to bob@acme.example was blocked by our filter.",
        Kind.BOUNCE,
    ),
    "[발송실패 안내] bob@acme.example로 메일이 전송되지 못했습니다.": (
        "bob@acme.example 존재하지 않는 사용자입니다.",
        Kind.BOUNCE,
    ),
}


@pytest.mark.parametrize("subject", SCANNERS)
def test_notices_of_scanners_and_portals(subject: str) -> None:
    text, kind = SCANNERS[subject]
    assert read(text, subject, {"Return-Path": "<>"}).kind is kind
    assert read(text, subject, {}).kind is Kind.HUMAN  # a person who asks about it


# ---- people who write about machines

ABOUT_MACHINES = {
    "Fwd: Delivery Status Notification (Failure)": "What does this mean? I get it when I write to"
    " Bob.\n\n---------- Forwarded message ---------\nFrom: Mail Delivery Subsystem"
    " <mailer-daemon@gmail.example>\nDate: Mo., 23. Nov. 2026 um 09:12 Uhr\nSubject: Delivery"
    " Status Notification (Failure)\nTo: <ann@acme.example>\n\nAddress not found",
    "Undeliverable mails": "All my mails to bob@x.example come back as undeliverable. Please look.",
    "Question about your Automatic reply: settings": "Why do I get this each time? It should stop.",
    "Frage zu Automatische Antwort: falscher Text": "Wo kann ich den Text ändern? Danke!",
    "Automatic reply for info@": "Can you switch off the automatic reply of our info mailbox?",
    "Out of office: please fix": "I am out of the office next week, so please fix it this week.",
    "Abwesenheitsnotiz für Max": "Bitte richten Sie ein: Ich bin im Urlaub bis 3.12. Geht das?",
    "Réponse automatique de l'accueil": "Pouvez-vous changer le texte ?",
    "Respuesta automática": "¿Pueden quitarla, por favor?",
    "Mailer daemon": "Who is that? He writes to me all the time.",
}


@pytest.mark.parametrize("subject", ABOUT_MACHINES)
def test_h106_a_person_writes_about_a_machines_mail(subject: str) -> None:
    assert read(ABOUT_MACHINES[subject], subject, {}).kind is Kind.HUMAN


@pytest.mark.parametrize("text", AWAY)
@pytest.mark.parametrize(
    "subject", ["Automatic reply: Printer", "Out of office", "Abwesenheitsnotiz"]
)
def test_an_absence_note_is_one_without_any_field_that_says_so(subject: str, text: str) -> None:
    assert read(text, subject, {}).kind is Kind.AUTO_REPLY


# ---- automatic subjects

AUTOMATIC = sorted(
    {
        phrase
        for rows in phrases.table("auto_reply_subject").values()
        for phrase in rows
        if not phrase.startswith("*") and phrase[-1].isalnum() and "*" not in phrase
    }
)
WORDS = "What shall I do about the printer on the second floor"


@pytest.mark.parametrize("phrase", AUTOMATIC)
def test_automatic_subjects_in_all_languages(phrase: str) -> None:
    for subject in (
        f"{phrase}: Printer",
        f"{phrase} : Printer",
        f"{phrase}：Printer",
        f"[T20261121.0042] {phrase}: Printer",
        f"[EXTERNAL] {phrase}: Re: [T20261121.0042] Printer",
        f"{phrase} Re: Printer",
    ):
        assert read(WORDS, subject, {}).kind is Kind.AUTO_REPLY, subject
    for subject in (f"Printer {phrase}", f"Printer - {phrase}", f"[T1] Printer: {phrase}: x"):
        assert read(WORDS, subject).kind is Kind.AUTO_REPLY, subject
        assert read("I am away until Monday.", subject, {}).kind is Kind.AUTO_REPLY, subject


@pytest.mark.parametrize("phrase", AUTOMATIC)
def test_people_write_about_automatic_replies(phrase: str) -> None:
    for subject in (f"Re: {phrase}: Printer", f"AW: Printer - {phrase}", f"WG: {phrase}: x"):
        assert read(WORDS, subject).kind is Kind.HUMAN, subject
    for subject in (f"Printer writes {phrase}", f"Problem: {phrase}"):
        assert read(WORDS, subject, {}).kind is Kind.HUMAN, subject


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("This is an automatic reply. We have got your mail.", Kind.AUTO_REPLY),
        ("Hello,\n\nDies ist eine automatische Antwort.", Kind.AUTO_REPLY),
        ("We always get 'This is an automatic reply' from you. Why so", Kind.HUMAN),
        ("I answered, and what came was: what?\n\n> This is an automatic reply.", Kind.HUMAN),
    ],
)
def test_a_text_that_calls_itself_automatic(text: str, kind: Kind) -> None:
    assert read(text).kind is kind


# ---- reports


REPORT = """From: post@mx.acme.example
To: support@desk.example
Subject: SUBJECT
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.acme.example

Final-Recipient: rfc822; ann@acme.example
Action: failed
Status: 5.1.1

--b--
"""


@pytest.mark.parametrize("subject", ["Re: Printer", "AW: Printer", "Undeliverable: Printer", "x"])
def test_a_top_level_report_is_one_whatever_its_subject(subject: str) -> None:
    mail = parse(REPORT.replace("SUBJECT", subject).encode())
    assert mail.kind is Kind.BOUNCE
    assert [f.address for f in mail.failed_recipients] == ["ann@acme.example"]


# ---- buttons

LINES = sorted({p for rows in phrases.table("reaction_text").values() for p in rows})
TAPBACKS = sorted({p for rows in phrases.table("tapback").values() for p in rows})
RECALLS = [
    ("Recall: Printer", 'Ann Acker would like to recall the message, "Printer".'),
    ("Rückruf: Drucker", 'Ann Acker möchte die Nachricht "Drucker" zurückrufen.'),
    ("Rappel : Imprimante", "Ann Acker souhaite rappeler le message « Imprimante »."),
    ("Recuperar: Impresora", 'Ann Acker desea recuperar el mensaje, "Impresora".'),
    ("Richiamo: Stampante", 'Ann Acker desidera richiamare il messaggio "Stampante".'),
    ("Intrekken: Printer", "Ann Acker wil het bericht Printer intrekken."),
    ("Отзыв: Принтер", "Ann Acker хочет отозвать сообщение «Принтер»."),
]


@pytest.mark.parametrize("line", LINES)
def test_h107_a_thumb_is_no_answer(line: str) -> None:
    for text in (
        f"👍\n\nAnn Acker {line}:",
        f"[like] Ann Acker {line}:",
        f"Ann Acker {line}",
        f"❤️ Ann Acker {line} <https://mail.example/reaction>",
    ):
        for below in ("", HEADER, "\n\n________________________________" + HEADER):
            mail = read(text + below)
            assert (mail.kind, mail.answerable) == (Kind.REACTION, False), text + below


@pytest.mark.parametrize("line", LINES)
def test_h107_words_beside_a_thumb_are_an_answer(line: str) -> None:
    for text in (
        f"Ann Acker {line}:\n\nBut it is still broken, please come again.",
        f"Max {line}, and now I am confused what to do with it",
        f"Please look at it once more.\n\nAnn Acker {line}",
    ):
        assert read(text).kind is Kind.HUMAN, text


@pytest.mark.parametrize("form", TAPBACKS)
def test_h107_apples_thumbs(form: str) -> None:
    for quoted in (
        "“We are on our way.”",
        "„Wir sind unterwegs“",
        "« On arrive »",
        "「向かいます」",
    ):
        text = form.replace("*", quoted)
        assert read(text).kind is Kind.REACTION, text
        assert read(f"{text} aber wann denn genau").kind is Kind.HUMAN, text
    assert read(form.replace("*", "the new printer")).kind is Kind.HUMAN


@pytest.mark.parametrize(
    "text",
    [
        "Reacted 😂 to “On our way.”",
        "Hat mit 😂 auf „Unterwegs“ reagiert",
        "A réagi avec 🎉 à « On arrive »",
        "Reagiu com ❤️ a “A caminho”",
    ],
)
def test_h107_apples_thumbs_with_any_emoji(text: str) -> None:
    assert read(text).kind is Kind.REACTION


def test_h107_gmails_thumb_is_known_by_its_part() -> None:
    message = MIMEMultipart("alternative")
    message["From"], message["Subject"] = "Ann <ann@acme.example>", "Re: Printer"
    message.attach(MIMEText("👍\n\nAnn a réagi, allez savoir comment"))
    part = MIMEText(json.dumps({"emoji": "👍", "version": 1}))
    part.replace_header("Content-Type", "text/vnd.google.email-reaction+json; charset=utf-8")
    message.attach(part)
    assert parse(message.as_bytes()).kind is Kind.REACTION
    forward = written("Look what she sent.", "Fwd: Re: Printer")
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "Ann <ann@acme.example>", "Re: Printer"
    inner.set_content("👍 Ann reacted via Gmail")
    forward.add_attachment(inner)
    assert parse(forward.as_bytes()).kind is Kind.HUMAN


@pytest.mark.parametrize(("subject", "text"), RECALLS)
def test_h107_a_recall_is_no_answer(subject: str, text: str) -> None:
    assert read(text, subject, {}).kind is Kind.REACTION
    assert read(text, "Re: " + subject, {}).kind is Kind.HUMAN
    assert read("Bitte um Rückruf heute, der Drucker brennt.", subject, {}).kind is Kind.HUMAN


# ---- mails by people, where they are on this machine

_BESIDE = (parent / "shared" / "corpora" for parent in Path(__file__).parents)
CORPORA = next((folder for folder in _BESIDE if folder.is_dir()), None)


@pytest.mark.skipif(CORPORA is None, reason="the labelled mails are not on this machine")
def test_no_mail_by_a_person_is_taken_for_a_machines() -> None:
    assert CORPORA is not None
    wrong, looked_at = [], 0
    for labels in sorted(CORPORA.glob("*/expected.json")):
        for label in json.loads(labels.read_text("utf-8")):
            if label.get("is_bounce") is not False or label.get("is_auto_reply") is not False:
                continue
            mail = parse((labels.parent / label["file"]).read_bytes())
            looked_at += 1
            if mail.kind.automatic or (mail.kind is Kind.LIST and not mail.header("List-Id")):
                wrong.append((label["file"], mail.kind))
    assert wrong == []
    assert looked_at > 200


# ---- reports that a person passes on (H106)

DSN = (
    "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; z@z.example\nAction: failed\nStatus: 5.1.1"
)
MDN = (
    "Final-Recipient: rfc822; z@z.example\nDisposition: manual-action/MDN-sent-manually; displayed"
)


def report(kind: str, text: str, part: str, body: str, **headers: str) -> Mail:
    message = written(text, headers.pop("Subject", "Strange mail"), headers)
    lines = [f"{name}: {value}" for name, value in message.items() if "ontent" not in name]
    boundary = f'Content-Type: multipart/{kind}; boundary="b"'
    parts = f"--b\n\n{text}\n--b\nContent-Type: message/{part}\n\n{body}\n--b--\n"
    return parse("\n".join([*lines, boundary, "", parts]).encode())


@pytest.mark.parametrize(
    ("part", "body", "machine"),
    [
        ("delivery-status", DSN, Kind.BOUNCE),
        ("disposition-notification", MDN, Kind.RECEIPT),
    ],
)
def test_h106_a_report_that_a_person_passes_on_is_a_persons_mail(
    part: str, body: str, machine: Kind
) -> None:
    for subject in ("Strange mail", "Fwd: Undeliverable: Offer", "Undeliverable mails", ""):
        mail = report("mixed", "We get this all day. Please help.", part, body, Subject=subject)
        assert mail.kind is Kind.HUMAN, subject
    text = "Your message has been displayed, or not."
    assert report("report", text, part, body).kind is machine
    assert report("mixed", "", part, body).kind is machine
    machines = ({"Return-Path": "<>"}, {"Auto-Submitted": "auto-replied"})
    for headers in machines:
        assert report("mixed", text, part, body, **headers).kind is machine, headers


@pytest.mark.parametrize(
    "subject",
    [
        "Undelivered Mail Returned to Sender",
        "Delivery Status Notification (Failure)",
        "failure notice",
        "Unzustellbar: Angebot",
    ],
)
def test_h106_who_asks_about_a_notice_is_a_person(subject: str) -> None:
    assert read("What does this mean?\nWe get it all day.", subject, {}).kind is Kind.HUMAN
    assert read("Was heißt das? Bitte helfen Sie.", subject, {}).kind is Kind.HUMAN
    assert read("The address was not found.", subject, {}).kind is Kind.BOUNCE
    path = {"Return-Path": "<>"}
    assert read("Questions? Ask your postmaster.", subject, path).kind is Kind.BOUNCE
