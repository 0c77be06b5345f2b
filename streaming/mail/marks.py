"""The words and marks by which mail programs and forums show who wrote what, in a dozen languages."""

from __future__ import annotations

import regex

QUOTED = regex.compile(r"[ \t]{0,3}(?:>|＞|&gt;)")
# The initials or the name of who wrote it stand before the mark: "BK> I propose ..."
NAMED_QUOTED = regex.compile(r"[ \t]{0,3}(?P<who>\p{Lu}\p{L}{1,14})>+[ \t]*(?=\S)(?P<said>.*)")
# Marks of forums and of HTML around a quotation, by name; a forum's are in no other text.
QUOTE_TAG = regex.compile(
    r"(?P<opens><blockquote(?=[\s>])[^<>]{0,300}>|\[quote(?:[= ][^\[\]\n]{0,200})?\])"
    r"|(?P<closes></blockquote\s*>|\[/quote\])",
    regex.IGNORECASE,
)
_DAY = (
    r"(?:(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur|sat|sun)(?:day)?\b)|(?:montag|dienstag|mittwoch"
    r"|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi"
    r"|jeudi|vendredi|samedi|dimanche|lunes|martes|mi[ée]rcoles|jueves|viernes|s[áa]bado|domingo|luned|marted|mercoled"
    r"|gioved|venerd|sabato|domenica|segunda|ter[çc]a|quarta|quinta|sexta|maandag|dinsdag|woensdag|donderdag|vrijdag"
    r"|zaterdag|zondag)\w*)"
)
_WROTE = (
    r"(?:wrote|writes|schrieb|schreibt|geschrieben|a [ée]crit|[ée]crivait|escribi[óo]|ha scritto|scrisse|escreveu"
    r"|schreef|skrev|napisa\w+|napsal\w*|kirjoitti|[íi]rta|yazd[ıi]|a scris|пишет"
    r"|написал\w*|写道|写到|のメール|さんは書きました)"
)
# Who wrote what follows, in a line of its own; without a date it is a line of a story as well.
ATTRIBUTION = regex.compile(
    rf"\s*(?:.{{1,160}}\b|.{{0,160}}){_WROTE}(?:(?![.!?]\s)[^\n]){{0,80}}\s?[:：]\s*$", regex.IGNORECASE
)
DATED = regex.compile(rf"[\w.+-]+@[\w-]+\.|\b\d{{1,2}}[:.h]\d\d\b|\b(?:19[89]|20\d)\d\b.*\b{_WROTE}", regex.IGNORECASE)
OPENS_ATTRIBUTION = regex.compile(rf"\s*(?:on|am|le|el|il|em|op|den|dnia|{_DAY})\b", regex.IGNORECASE)
FIELD = regex.compile(
    r"[\s*]*(?P<name>from|sent|date|to|cc|subject|reply-to|importance|attachments|von|gesendet|datum|an|betreff|de"
    r"|envoy[ée]|[àa]|objet|enviado(?: el)?|fecha|para|asunto|da|inviato|data|oggetto|assunto|van|verzonden|aan"
    r"|onderwerp"
    r"|fr[åa]n|skickat|till|[äa]mne|fra|sendt|dato|til|kopi|emne|od|wys[łl]ano|do|dw|temat|odesl[áa]no|komu|kopie|p[řr]edm[ěe]t"
    r"|l[äa]hett[äa]j[äa]|l[äa]hetetty|vastaanottaja|kopio|aihe|felad[óo]|k[üu]ldve|d[áa]tum|c[íi]mzett|t[áa]rgy"
    r"|kimden|g[öo]nderil(?:di|me tarihi)|tarih|kime|bilgi|konu|de la|trimis|c[ăa]tre|subiect"
    r"|보낸 사람|보낸 날짜|받는 사람|참조|제목"
    r"|发件人|发送时间|收件人|主题|抄送|日期|差出人|送信日時|宛先|件名|от|отправлено|кому|тема|дата)"
    r"\s?[*]*\s?[:：]",
    regex.IGNORECASE,
)
SENDERS = {"from", "von", "de", "da", "van", "från", "fran", "发件人", "差出人", "от"} | {
    "fra", "od", "lähettäjä", "feladó", "kimden", "de la", "보낸 사람",
}  # fmt: skip
_SUBJECT_NAMES = (
    "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|amne|emne|temat|předmět|aihe|tárgy|konu|subiect|제목"
    "|主题|件名|тема"
)
SUBJECTS = frozenset(_SUBJECT_NAMES.split("|"))
_SUBJECT = rf"[\s*]*(?:{_SUBJECT_NAMES})\s?[*]*\s?[:：]\s*\[?"
REPLY_SUBJECT = regex.compile(
    rf"{_SUBJECT}(?:re|aw|antw|sv|r|rif|odp|ynt|vá|回复|答复|ответ)(?:\[\d+\])?\s?[:：]", regex.IGNORECASE
)
FORWARD_SUBJECT = regex.compile(rf"{_SUBJECT}(?:fwd?|wg|ilt|tr|rv|i|enc|转发|vs|pd)\s?[:：]", regex.IGNORECASE)
RULE = regex.compile(r"\s*_{20,}\s*$")
ORIGINAL = regex.compile(
    r"\s*(?:-{2,}\s*(?:original message|original appointment|urspr[üu]ngliche nachricht|urspr[üu]ngliche mail"
    r"|message d['’]origine|message original|mensaje original|messaggio originale|mensagem original"
    r"|oorspronkelijk bericht|originalmeddelande|原始邮件|исходное сообщение)\s*-{2,}|_{20,})\s*$",
    regex.IGNORECASE,
)
FORWARDED = regex.compile(
    r"\s*(?:-{2,}\s*)?(?:begin )?(?:forwarded message|weitergeleitete (?:nachricht|mail)|anfang der weitergeleiteten"
    r"|message transf[ée]r[ée]|mensaje reenviado|messaggio inoltrato|mensagem encaminhada|doorgestuurd bericht"
    r"|转发的邮件|пересылаемое сообщение)\b",
    regex.IGNORECASE,
)
SIGNATURE = regex.compile(r"-- ?$")
SENT_FROM = regex.compile(
    r"\s*(?:sent from my|gesendet von mein|von meinem \S+ gesendet|envoy[ée] de mon|enviado desde mi|inviato da)\b"
    r".{0,60}$"
    # The advertisement of an app, in a line of its own.
    r"|\s*(?:(?:get|download|hol dir|holen sie sich|laden sie|obtene[zr]|obtenir"
    r"|t[ée]l[ée]charge[zr]|obtenga|scarica|ottieni)\s)?"
    r"outlook (?:for|für|pour|para|per|voor) (?:ios|android|mac)(?: (?:beziehen|herunter))?\s*(?:<\S+>)?\s*$",
    regex.IGNORECASE,
)
# What a mailing list puts below each mail: a rule, and how to leave the list, with an address.
LIST_RULE = regex.compile(r"[-_=*~][-_=*~ ]{1,}\s*$")
LIST_FOOTER = regex.compile(
    r"\bunsubscribe\b[^\n]{0,80}(?:@|https?:|e-?mail)|\bsubscribed to the \S+ .{0,60}\b(?:group|list)\b"
    r"|\bmailing ?list\b.*(?:\S@\S|https?:)"
    r"|\b(?:abmelden|abbestellen|d[ée]sabonner|d[ée]sinscrire|darse? de baja|cancellar\w+|afmelden)\b"
    r".*(?:\S@\S|https?:)",
    regex.IGNORECASE | regex.DOTALL,
)
GREETING = regex.compile(
    r"\s*(?:hi|hello|hey|dear|hallo|liebe[rs]?|sehr geehrte\w*|guten (?:morgen|tag)|moin|bonjour|salut|cher|ch[èe]re"
    r"|hola|estimad[oa]s?|querid[oa]s?|ciao|gentile)\b.{0,50}[,!:]?\s*$",
    regex.IGNORECASE,
)
# A paragraph about the mail itself, which lawyers wrote.
_THIS_MAIL = (
    r"\b(?:this|diese[rs]?|cet?|este|esta|questo|questa)\s+(?:\w+\s+){0,2}"
    r"(?:e-?mail|message|communication|transmission|nachricht|mitteilung|courriel|correo|mensaje|messaggio)"
)
_CONFIDENTIAL = r"\b(?:confidential|privileged|vertraulich|confidentiel|confidencial|riservat)"
_ADDRESSEE = (
    r"\b(?:intended|recipient|addressee|in error|unauthori[sz]ed|adressat|empf[äa]nger|irrt[üu]mlich|vernichten"
    r"|destinataire|destinatari|erreur|por error|supprimer|eliminar)"
)
DISCLAIMER = [regex.compile(pattern, regex.IGNORECASE) for pattern in (_THIS_MAIL, _CONFIDENTIAL, _ADDRESSEE)]
# Without a date or another sign of a mail, one opens with a day, in a short text, and what it says is no quotation.
DAY_ALONE = regex.compile(rf"\s*(?:on|am|le|el|il|em|op)?\s*{_DAY}\b", regex.IGNORECASE)
QUOTATION = regex.compile(r"\s*[\"“„«‘'»]")
# What a note says that only hands on the mail below it.
POINTS_BELOW = regex.compile(
    r"\b(?:below|fyi|for your information|forward(?:ed|ing)?|passing (?:this )?on|unten|untenstehend\w*"
    r"|zur (?:info|kenntnis)\w*|weitergeleitet|weiterleit\w+|ci-dessous|pour info\w*|abajo|a continuaci[óo]n"
    r"|para (?:su|tu) informaci[óo]n|qui sotto|hieronder|ter info\w*)\b|以下|下面|供参考",
    regex.IGNORECASE,
)
# What turns a request down, in a word; and what agrees to it, or thanks, and says nothing without it.
_DENIES = (
    r"no|nope|never|not|don['’]t|won['’]t|can['’]t|disagree|declined|rejected|nein|nie|niemals|kein\w*|nicht|abgelehnt"
    r"|non|jamais|pas|nunca|jam[áa]s|tampoco|n[ãa]o|nee|nooit|niet|geen|nej|aldrig|ikke|inte|нет|никогда|не"
)
DENIES = regex.compile(rf"(?<!\w)(?:{_DENIES})(?!\w)|[不没否別别]|いいえ", regex.IGNORECASE)
# "No comment." may be a title, "No, thanks." is none.
OPENS_DENIAL = regex.compile(
    r"\s*(?:sorry\W+)?(?:(?:no|nope|never|nein|niemals|non|jamais|nunca|n[ãa]o|nee|nej|нет|никогда)\s*(?:[.,;:!–—-]|$)"
    r"|[不没否])",
    regex.IGNORECASE,
)
ASSENTS = regex.compile(
    r"(?<!\w)(?:yes|yep|yeah|ok|okay|agreed?|fine|sure|great|perfect|approved|thanks|thank you|thx|ja|genau"
    r"|einverstanden|gerne?|danke|oui|d['’]accord|merci|s[íi]|vale|gracias|sim|obrigad[oa]"
    r"|va bene|grazie|akkoord|dank|tack|takk?|да"
    r"|согласен|согласна|спасибо)(?!\w)|[好是对]|同意|谢谢|はい|\+1",
    regex.IGNORECASE,
)
# Small words of a name such as "Society of the Friends of the Mill".
PARTICLES = frozenset(
    {
        "of", "the", "for", "and", "in", "at", "on", "und", "der", "die", "das", "des", "für", "von", "zu", "im", "am",
        "de", "la", "le", "les", "du", "et", "del", "el", "los", "las", "y", "di", "della", "e", "do", "da", "van",
        "het",
    }
)  # fmt: skip
