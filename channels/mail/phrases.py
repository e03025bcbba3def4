"""What mail programs and people write around new words, in the languages of our mail: data for ``quotes``.

Every pattern is anchored or bounded, so that no text makes one of them run long.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE

VERBS = re.compile(
    r"wrote|schrieb|geschrieben|écrit|scritto|escribió|escreveu|schreef|geschreven|skrev|napisał|pisze|\d{4}年"
    r"|\d{4}[/-]\d",
    _I,
)
"""One of these stands in every attribution."""

ATTRIBUTIONS = [
    re.compile(pattern, _I)
    for pattern in (
        r"(?:on|at) .{3,250}\bwrote ?:",
        r"am .{3,250}\b(?:schrieb|geschrieben)\b.{0,150}:",
        r"le .{3,250}\bécrit ?:",
        r"il .{3,250}\bha scritto ?:",
        r"el .{3,250}\bescribió ?:",
        r"em .{3,250}\bescreveu ?:",
        r"op .{3,250}\b(?:schreef|geschreven)\b.{0,150}:",
        r"den .{3,250}\bskrev\b.{0,150}:",
        r"(?:dnia|w dniu) .{3,250}\b(?:napisał(?:\(a\)|a)?|pisze)\b.{0,150}:",
        r"(?:\w{2,10}\.?,? )?\d{1,2}\.? .{2,80}\b(?:skrev|schrieb|schreef|wrote|napisał(?:\(a\)|a)?)\b.{0,150}:",
        r"[^:]{2,150}<[^<>@ ]{1,80}@[^<> ]{1,100}> (?:schrieb|wrote|a écrit|ha scritto|escribió|schreef"
        r"|skrev)\b.{0,100}:",
        r"\d{4}年\d{1,2}月\d{1,2}日.{0,150}[:：]",
        r"\d{4}[/-]\d{1,2}[/-]\d{1,2}.{0,100}<[^<>@ ]{1,80}@[^<> ]{1,100}> ?:",
    )
]
"""The line above a quote, joined if it was broken."""
NAMED = re.compile(
    r"(?!(?:das|der|die|er|sie|es|ich|wir|ihr|the|it|he|she|they|i|we|you|that|this|system|windows)\b)"
    r"(?:[^\W\d_][\w.'’-]{0,30} ?,? ){1,5}(?:schrieb|wrote|schreef|skrev|a écrit|ha scritto|escribió) ?:",
    _I,
)
"""The short form, with a name alone."""
DATED = re.compile(r"\b(?:19|20)\d\d\b|\d{1,2}\.\s?\d{1,2}\.|\d{1,2}/\d{1,2}/\d|\d{4}年")
ADDRESSED = re.compile(r"@[\w.-]{2}")
"""A date and an address: together nobody writes them into such a line by hand."""
TOLD = re.compile(r"\b(?:mir|mich|uns|ich|dass|folgendes|me|us|that|the following|m['’]a|mi ha|me ha|mij|mig)\b", _I)
"""A person who tells what somebody wrote; programs do not."""
TIME = re.compile(r"\d{1,2}[:.]\d\d\b(?!\.\d)|\d{1,2} ?(?:uhr|h|am|pm)\b", _I)

_MARK = r"[ \t]*[-_*=<>|]{0,40}[ \t]*"
ORIGINAL = re.compile(
    _MARK + r"(?:ursprüngliche (?:nachricht|mail)|urspruengliche nachricht|original(?:-| )?(?:nachricht|mail|message)"
    r"|original appointment|ursprünglicher termin|message d['’]origine|message original|messaggio originale"
    r"|mensaje original|mensagem original|oorspronkelijk bericht|oprindelig (?:meddelelse|besked)|opprinnelig melding"
    r"|ursprungligt meddelande|originalmeddelande|(?:oryginalna wiadomość|wiadomość oryginalna)|元のメッセージ"
    r"|original message processed by david.{0,5}) ?:?" + _MARK,
    _I,
)
FORWARD = re.compile(
    _MARK + r"(?:weitergeleitete (?:nachricht|mail)|anfang der weitergeleiteten (?:nachricht|e-mail)|forwarded message"
    r"|begin forwarded message|message transféré|début du message (?:transféré|réexpédié)|messaggio inoltrato"
    r"|inizio messaggio inoltrato|mensaje reenviado|inicio del mensaje reenviado|doorgestuurd bericht"
    r"|begin doorgestuurd bericht|videresendt (?:meddelelse|besked)|vidarebefordrat (?:meddelande|brev)"
    r"|(?:przekazana wiadomość|wiadomość przekazana dalej)|転送されたメッセージ|転送メッセージ).{0,60}",
    _I,
)
FORWARDED_SUBJECT = re.compile(r"\s*(?:wg|fwd?|tr|rv|i|enc|doorst|vs|vb|pd|転送)\s*:", _I)

FIELDS = {
    "from": r"from|von|de|da|van|fra|från|od|差出人",
    "sent": r"sent|gesendet|envoyé|inviato|enviado(?: el)?|verzonden|sendt|skickat|wysłan[oey]|送信日時|date|datum|data"
    r"|fecha|dato",
    "to": r"to|an|à|a|para|aan|till?|do|宛先",
    "subject": r"subject|betreff|objet|oggetto|asunto|onderwerp|ämne|emne|temat|assunto|件名",
    "copy": r"cc|bcc|kopie|copie|copia|kopia|dw|kopi",
}
FIELD = re.compile(
    r"[ \t]*[*_]{0,2}(?:" + "|".join(f"(?P<{name}>{words})" for name, words in FIELDS.items()) + r")[*_]{0,2}[ \t\xa0]*"
    r"[:：][*_]{0,2}(?:[ \t\xa0].{0,2000})?",
    _I,
)
"""A line of the block that Outlook and others put above what is answered."""

INLINE = re.compile(
    r"siehe unten|s\. ?u\.|(?:antwort|kommentar|anmerkung)\w* (?:unten|direkt|im text|in rot|in blau|inline)|unten in"
    r" (?:rot|blau|grün)|in (?:rot|blau|grün)\b|im text unten|see (?:my \w+ )?(?:below|inline)|(?:answers?"
    r"|comments?|repl(?:y|ies))"
    r" (?:are )?(?:below|inline|in (?:red|blue|green))|\binline\b",
    _I,
)
"""Somebody says that the answers stand within the old text, where only a colour tells them apart."""

DELIMITER = re.compile(r"(?:--|—|—-|–|--\xa0|\*--\*)[ \t]*")
SEPARATOR = re.compile(r"[ \t]*(?:[-_=*~#][ \t]?){5,}[ \t]*")

_DEVICE = (
    r"(?:i?phone|i?pad|ipod|mac|apple|samsung|galaxy|huawei|xiaomi|pixel|nokia|sony|xperia|htc|blackberry"
    r"|android|windows phone"
    r"|mobil|handy|smartphone|telefon|telef|tablet|cell|outlook|yahoo|proton|gmail|gmx|web\.de|t-online"
    r"|thunderbird|mail app"
    r"|mail-app|mail for windows|mail für windows|nine|bluemail|spark|airmail|posteo)"
)
_SOME = r"[^.,;:!?\n]{0,50}"
MOBILE = re.compile(
    r"[ \t]*(?:"
    rf"sent (?:from|via|with|using) {_SOME}{_DEVICE}{_SOME}|(?:von|auf) mein\w{{1,2}} {_SOME}{_DEVICE}{_SOME} gesendet"
    rf"|gesendet (?:von|mit|über) {_SOME}{_DEVICE}{_SOME}"
    rf"|diese (?:nachricht|e-?mail|mail) wurde (?:von|mit) {_SOME}{_DEVICE}{_SOME} gesendet|von unterwegs gesendet"
    r"|get outlook for .{2,80}|outlook für .{2,80}(?:herunterladen|beziehen)|holen sie sich outlook .{2,80}"
    rf"|envoyé (?:de|depuis|à partir de) {_SOME}{_DEVICE}{_SOME}|télécharger outlook .{{2,80}}"
    rf"|inviato da{_SOME}{_DEVICE}{_SOME}|enviado (?:desde|de) {_SOME}{_DEVICE}{_SOME}"
    rf"|verzonden vanaf {_SOME}{_DEVICE}{_SOME}|(?:sendt|skickat) (?:fra|från|frå) {_SOME}{_DEVICE}{_SOME}"
    rf"|wysłan[oey] z {_SOME}{_DEVICE}{_SOME}|{_SOME}{_DEVICE}{_SOME}から送信"
    r")[.]?[ \t]*",
    _I,
)
CLOSING = re.compile(
    r"[ \t]*(?:"
    r"(?:mit )?(?:den )?(?:\w{2,12} )?(?:besten |lieben |schönen |freundlichen? |herzlichen? |sonnigen "
    r"|kollegialen )?(?:grüße[n]?"
    r"|gruß|grüsse[n]?|gruss|gruessen?)(?: aus \w{2,30}| aus dem .{2,30})?|m\.?f\.?g\.?|lg|vg|bg"
    r"|hochachtungsvoll|mit dank(?: im voraus)?"
    r"|(?:vielen|besten|herzlichen) dank(?: im voraus| und .{2,40})?|danke(?: und .{2,40}| im voraus)?"
    r"|(?:beste|viele|liebe) grüße"
    r"|(?:(?:with )?(?:kind|best|warm|many)(?:est)? )?regards|sincerely(?: yours)?|yours \w{2,12}|cheers"
    r"|thanks(?: again| & regards"
    r"| and regards| in advance)?|thank you|best(?: wishes)?|many thanks|br|kr"
    r"|cordialement|bien à vous|salutations.{0,30}|cordiali saluti|distinti saluti|saluti"
    r"|saludos(?: cordiales)?|atentamente"
    r"|met vriendelijke groet\w{0,3}|groet\w{0,3}|mvg|(?:med )?venlig\w? hilsen\w?|hilsen|mvh|kh"
    r"|med vänliga? hälsning\w{0,3}"
    r"|vänliga hälsningar|z poważaniem|pozdrawiam|pozdrowienia|よろしくお願い.{0,20}"
    r")[ \t]*[,.!]?[ \t]*",
    _I,
)
CONTACT = re.compile(
    r"\b(?:tel(?:efon)?|fon|phone|fax|telefax|mobil(?:e|telefon)?|handy|direct|durchwahl|office|tél"
    r"|cell)\b ?\.? ?[:/+(0-9]"
    r"|\+\d[\d ()/-]{6,20}\d|\b0\d{2,5}[ /-]\d{3,}|[\w.+-]{1,64}@[\w-]{1,63}\.\w|\bwww\.\w"
    r"|https?://[\w.-]{3,80}/?(?:\s|$)"
    r"|\b(?:gmbh|ag|e\.v\.|kg|ohg|ug|ltd|inc|llc|s\.a\.|b\.v\.|s\.r\.l\.)(?!\w)|\b\d{4,5} [A-ZÄÖÜ][a-zäöüß]{2,}"
    r"|\b(?:geschäftsführ|vorstand\b|aufsichtsrat|amtsgericht|registergericht|handelsregister|hrb \d|ust-?id"
    r"|sitz der gesell"
    r"|vorsitzende)|mailing list",
    _I,
)
SPOKEN = re.compile(
    r"\b(?:ich|mein\w{0,2}|mir|mich|bitte|ist|sind|war|habe|haben|hat|wir|uns|kann|können|wird|werden|neue?n?"
    r"|geht|nicht"
    r"|please|my|is|are|was|i|we|have|has|can|will|not|new|call)\b",
    _I,
)
"""Somebody who speaks; signatures only name."""
LEGAL = re.compile(
    r"vertraulich|rechtlich geschützt|ausschließlich|adressat|empfänger|absender|vernicht|lösch|unbefugt"
    r"|weitergabe|gestattet"
    r"|irrtümlich|versehentlich|bestimmt|confidential|privileged|recipient|addressee|delete|destroy|notify"
    r"|sender|in error"
    r"|unauthori[sz]ed|disclos|prohibited|solely|intended|destinataire|confidentiel|destinatari|riservat|confidenzial"
    r"|vertrouwelijk|geadresseerde|fortrolig|konfidentiell|poufn",
    _I,
)
LAWYERS = 3
"""So many different words of lawyers in one paragraph are a disclaimer."""
DISCLAIMER = re.compile(
    r"[ \t*_]*(?:(?:diese|der inhalt dieser|die(?:se)? (?:in|mit) dieser) (?:e-?mail|nachricht|mail)\b"
    r"|(?:this|the (?:information|contents?) (?:contained )?(?:in|of) this) (?:e-?mail|message|communication"
    r"|transmission)\b"
    r"|any views or opinions|if you (?:are not|have received)|(?:sollten|wenn|falls) sie|ce (?:message|courriel|mail)\b"
    r"|(?:questo|il presente) messaggio\b|este (?:mensaje|correo)\b|dit (?:e-?mail)?bericht\b|denne (?:e-?mail|mail)\b"
    r"|detta (?:e-?post|mejl|meddelande)\b|confidentiality|vertraulichkeit|wichtiger hinweis|important notice)",
    _I,
)
"""How a paragraph of lawyers begins."""
HEADING = re.compile(
    r"[ \t*_]*(?:disclaimer|haftungsausschluss|(?:hinweis zur )?vertraulichkeit|vertraulichkeitshinweis"
    r"|confidentiality notice"
    r"|legal notice|rechtlicher hinweis|avis de confidentialité|avviso di riservatezza|aviso (?:legal"
    r"|de confidencialidad))"
    r"[ \t*_:]*",
    _I,
)
FOOTER = re.compile(
    r"[ \t*_]*(?:"
    r"bitte (?:prüfen|denken|überlegen) sie.{0,80}(?:ausdruck|drucken|gedruckt|umwelt)|denken sie an die umwelt"
    r"|please (?:consider|think of|think about) the environment"
    r"|(?:diese|this) (?:e-?mail|nachricht|message).{0,60}(?:auf viren (?:über)?geprüft|(?:checked"
    r"|scanned) (?:for viruses|by))"
    r"|(?:virenfrei|virus-free)\.? ?(?:www|http|$)|you(?: are receiving|['’]re receiving"
    r"| received) this (?:e-?mail|message)? ?because"
    r"|to unsubscribe\b.{0,120}(?:http|click|mailto|e-?mail to)|(?:unsere )?(?:informationen zum datenschutz"
    r"|datenschutzhinweise)"
    r".{0,60}finden sie"
    r")",
    _I,
)
"""How a paragraph begins that a program, and not a person, has written."""
BANNER = re.compile(
    r"[ \t*_\[(]*(?:"
    r"\[?(?:external|extern|externe e-?mail|external e-?mail|external sender|externer absender)\]?[ \t:!.*_\])]*$"
    r"|you don['’]t often get email from|sie erhalten nicht (?:oft|häufig) e-?mails? von"
    r"|(?:(?:caution|warning|attention|important|achtung|vorsicht|warnung|hinweis)\b ?:? ?)?"
    r"(?:diese|this|externe|external) (?:e-?mail|nachricht|message|mail)\b.{0,120}(?:extern|outside|außerhalb"
    r"|originated).{0,300}"
    r"(?:klick|click|link|anhäng|attachment|öffn|open\b|absender|sender)"
    r")",
    _I,
)
