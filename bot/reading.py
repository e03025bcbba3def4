"""What words say in answer to what was asked. Pure.

The model knows topics; whether something helped is read from the words first, because a wrong *yes* closes the ticket
of somebody who still needs help.
"""

from __future__ import annotations

import re
from enum import StrEnum

from nlu.engine import Parse

FEW_WORDS = 8
"""A longer answer says more than yes or no."""


class Answer(StrEnum):
    """What somebody says to *did that help?*"""

    HELPED = "helped"
    NOT_HELPED = "not_helped"
    SETTLED = "settled"
    """Nobody need do anything any more, whatever became of the step."""
    TRYING = "trying"
    DONE = "done"
    """Tried, but not what came of it."""
    THANKS = "thanks"
    QUESTION = "question"
    UNCLEAR = "unclear"


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


_NO = re.compile(r"^\s*(nein|nee+|ne|nö+|nope|no|nah|noi|nei+|naa*|nä)\b", re.IGNORECASE)
_YES = re.compile(
    r"^\s*(?:jetzt |nun |oh |ah |now )?(ja+|jo+|jup|jep|jap|jau|jawohl|jawoll|freilich|freili|bingo|juhu|super|prima"
    r"|perfekt|klasse|yes|yep|yeah|yup|great|perfect)\b[\s,.!:]*",
    re.IGNORECASE,
)
_OKAY = re.compile(r"^\s*(ok(ay)?|alles klar|gut|so|good)[\s,.!:]+(?=\w)", re.IGNORECASE)
_OUTCOME = (
    r"geht'?s?|gehts|laufen|läuft|laeuft|lauft|funktioniert'?s?|klappt'?s?|tut'?s?|startet|druckt|verbindet|passt"
    r"|works?|working|worked|running|runs|helped|helps|fixed|solved|sorted|resolved|prints|starts"
    r"|geholfen|hilft|geklappt|funktioniert|gelöst|geloest|behoben|all(es)? (good|fine|gut|da|ok(ay)?)"
)
_GOOD = _words(_OUTCOME)
_NOT = r"nicht|net|ned|nöd|nit|nix|nichts|nüscht|kein\w*|not|nothing|no|never(?! ?mind)|\w+n't|\w+nt|without|ohne|kaum"
_NEGATION = _words(_NOT)
_STILL = _words(
    r"immer no(ch|d)|weiterhin|nach wie vor|unverändert|trotzdem|still|unchanged|same (problem|issue|thing|as before)"
    r"|das ?selbe|das ?gleiche|schlimmer|worse"
)
_NEEDS_HELP = _words(
    r"(brauch\w*|bräucht\w*|benötig\w*|need) (\w+ )?(noch |weiter\w* |mehr |immer noch |still |more |further )+(\w+ )?"
    r"(hilfe|unterstützung|help|assistance|support)|still need (\w+ )?(help|assistance|support)"
)
_LACKS = _words(
    r"(hab\w*|gibt'?s?|gibt es|haben wir|finde|seh\w*) .*(kein\w*|nicht|net|ned)|(don't|do not|doesn't) have"
    r"|there(’s|'s| is) no|(can't|cannot|can not) (find|see)"
)
_DOUBT = _words(
    r"aber|but|als ob|als wenn|as if|like that|würde|wäre|would|haha+|lol|wenn|falls|if|vielleicht|maybe|hoff\w*"
    r"|hope\w*|glaub\w*|noch|yet|fast|almost|teilweise|partly|manchmal|sometimes|kurz|erst"
)
_IN_PART = _words(
    "teilweise|zum teil|jein|nicht ganz|doch nicht|partly|sort of|kind of|not quite|not entirely|after all not"
)
_TRYING = _words(
    r"(ich )?(probier|versuch|schau|guck|mach|teste?)(e|s|'s|)( ich)?( \w+)?|mach(e)? ich|mach'?s|werde? (ich )?\w+"
    r"|moment\w*|sekunde|minute|min|warte\w*|gleich|bin dabei|okay|ok|alles klar|verstanden|in ordnung"
    r"|will (try|do)|i'?ll (try|do|check|see)|i will|let me|trying|hang on|hold on|one (sec\w*|moment|minute)|wait"
    r"|give me a \w+|just a \w+|on it|alright|understood"
)
_DONE = _words(
    r"gemacht|getan|probiert|ausprobiert|versucht|neu ?gestartet|durchgeführt|done|did|tried|restarted|rebooted"
)
_THANKS = _words(r"danke?\w*|thanks?|thank you|thx|ty|tnx|merci|cheers|top|👍+")
_SETTLED = _words(
    r"(hat|hats|haben) sich( \w+){0,2} (erledigt|geklärt)|ist (schon |inzwischen )?erledigt|never ?mind"
    r"|no longer needed|forget (about )?it|(ticket|vorgang|anfrage)( \w+)? (schließen|zumachen|zu|löschen)"
    r"|close (the|my|this) ticket"
)
_ASKS = re.compile(
    r"\?\s*$|^\s*(und |and |aber |but |äh |hm+ |ok(ay)?,? )?(wo|wie|was|wann|wer|welche\w*|warum|wieso|weshalb|wozu"
    r"|wofür|where|how|what|when|who|which|why|kann ich|muss ich|soll ich|can i|should i|do i|is it)\b",
    re.IGNORECASE,
)
_DOES_NOT_KNOW = _words(
    r"keine ahnung|k\.? ?a\.?|keinen? plan|weiß (ich |es )?(leider |gerade |doch )?(nicht|net|ned|nix)"
    r"|weiss (ich |es )?(leider |gerade |doch )?(nicht|net|ned|nix)|woher soll ich das wissen|no idea|no clue|dunno"
    r"|(i )?(do not|don't|dont) know|not sure|unbekannt|unknown"
)
_HOW_LONG = _words(
    r"wie lang(e)?|wann (komm|bin|meldet|kümmert|geht|antwortet)\w*|how long|when (will|does|do|is|am)"
    r"|(noch )?jemand da|anybody there|anyone there|wievielte\w*|place in the queue|warteschlange"
)
_SWEARING = re.compile(
    r"\b(schei(ß|ss)(?!e\b)\w*|bes?chissen\w*|kotz\w*|kack(e|en|teil|ding)\w*|verfickt\w*|fick\w*|arsch\w*|wichser|fresse"
    r"|verpiss\w*|idiot\w*|trottel|vollpfosten|saftladen|drecks\w+|leck mich|schnauze voll|stinksauer|verarsch\w*"
    r"|fuck\w*|bullshit|shitty|piece of (crap|shit)|asshole\w*|arsehole\w*|wtf|pissed|piss off|screw you|moron\w*"
    r"|stinks|sick (and tired )?of (this|you)|fed up)\b"
    r"|\b(du|ihr|sie|bot|you|you're|so)\b[^.!?]{0,20}\b(dumm|blöd|bloed|unfähig|nutzlos|stupid|dumb|useless)\b",
    re.IGNORECASE,
)
_ANGRY_FACES = re.compile("[😠😡🤬👿🖕]")
_GRIEVANCE = _words(
    r"schon wieder|endlich|seit (tagen|wochen|stunden|monaten)|(dritte|vierte|fünfte|zehnte|x-?te|hundertste)[ns]? mal"
    r"|unverschämt\w*|frechheit|unmöglich|katastrophe|reicht'?s?|again|third|fourth|fifth|for (days|weeks|hours)|enough"
    r"|ridiculous|unacceptable|disgrace\w*"
)
_SHOUTING = re.compile(r"!{3,}|[!?]{4,}")


def is_angry(text: str) -> bool:
    """Swearing, an angry face, or a grievance that is shouted: a person has to take this, not a machine."""
    if _SWEARING.search(text) or _ANGRY_FACES.search(text):
        return True
    return _SHOUTING.search(text) is not None and _GRIEVANCE.search(text) is not None


def asks(text: str) -> bool:
    """The text is a question, or begins as one."""
    return _ASKS.search(text) is not None


def begins_with_yes_or_no(text: str) -> bool:
    return _NO.match(text) is not None or _YES.match(text) is not None


def does_not_know(text: str) -> bool:
    """The person cannot say: nothing they should be asked again."""
    return _DOES_NOT_KNOW.search(text) is not None and len(text.split()) <= FEW_WORDS


def is_mere_thanks(text: str) -> bool:
    """Thanks and little else, or a face that is not angry: nothing anybody has to act on."""
    if asks(text) or takes_it_back(text) or is_angry(text):
        return False
    is_wordless = not any(character.isalnum() for character in text)
    return is_wordless or (len(text.split()) <= FEW_WORDS // 2 and _THANKS.search(text) is not None)


def takes_it_back(text: str) -> bool:
    """What was settled is not, or only in part."""
    return needs_help(text) or _contradicts(text) or _IN_PART.search(text) is not None


def needs_help(text: str) -> bool:
    """A call for help without a matter, such as *Ich brauche noch Hilfe*."""
    return _NEEDS_HELP.search(text) is not None


def asks_how_long(text: str) -> bool:
    """How long it takes, or when it is one's turn."""
    return _HOW_LONG.search(text) is not None


def is_settled(text: str, main: Parse, sure: bool) -> bool:
    """Nobody need do anything any more: *hat sich erledigt*."""
    if needs_help(text) or asks(text) or _contradicts(text):
        return False
    return _SETTLED.search(text) is not None or (sure and not main.ambiguous and main.intent == "ticket_close")


def yes_or_no(text: str, main: Parse, sure: bool) -> bool | None:
    """The answer to a plain question of yes or no; None for any other."""
    if asks(text):
        return None
    if _NO.match(text):
        return False
    if _YES.match(text):
        return None if _NEGATION.search(text) or _words("aber|but").search(text) else True
    if not sure or main.ambiguous:
        return None
    return {"affirm": True, "deny": False}.get(main.intent or "")


def did_it_help(text: str, main: Parse, sure: bool, is_same_matter: bool = False) -> Answer:
    """The answer to *did that help?*

    ``is_same_matter`` says that the message is about the very problem that is being worked on: it is still there.
    """
    if needs_help(text) or _NO.match(text) or _contradicts(text):
        return Answer.NOT_HELPED
    if asks(text):
        return Answer.QUESTION
    if _SETTLED.search(text):
        return Answer.SETTLED
    if _LACKS.search(text):
        return Answer.NOT_HELPED
    if _is_plain_yes(text):
        return Answer.HELPED
    if is_settled(text, main, sure):
        return Answer.SETTLED
    if (found := _on_the_way(text)) is not None:
        return found
    return _by_model(text, main, sure, is_same_matter)


def _is_plain_yes(text: str) -> bool:
    """It works, said without a doubt: a yes with nothing behind it that could take it back, or the outcome itself."""
    if _DOUBT.search(text) or _NEGATION.search(text) or _IN_PART.search(text):
        return False
    text = _OKAY.sub("", text, count=1)
    begins = _YES.match(text)
    rest = _YES.sub("", text, count=1).strip(" .,!:;)(-") if begins else text
    if _GOOD.search(rest):
        return not _TRYING.search(rest) or begins is not None
    return begins is not None and (not rest or _THANKS.fullmatch(rest) is not None)


def _on_the_way(text: str) -> Answer | None:
    """Tried or about to be: nothing is known of the outcome yet."""
    if _DONE.search(text):
        return Answer.DONE
    if _TRYING.search(text) and len(text.split()) <= FEW_WORDS:
        return Answer.TRYING
    short = len(text.split()) <= FEW_WORDS
    return Answer.THANKS if short and _THANKS.search(text) and not _GOOD.search(text) else None


def _by_model(text: str, main: Parse, sure: bool, is_same_matter: bool) -> Answer:
    if is_same_matter:
        return Answer.NOT_HELPED
    if not sure or main.ambiguous:
        return Answer.UNCLEAR
    # Its *yes* may be *yeah, right*: it is taken for the word of somebody who did as they were told.
    return {"deny": Answer.NOT_HELPED, "affirm": Answer.DONE}.get(main.intent or "", Answer.UNCLEAR)


def _contradicts(text: str) -> bool:
    """It does not work, or not any better."""
    if _STILL.search(text) and not _is_calm(text):
        return True
    good = _GOOD.search(text)
    return good is not None and _NEGATION.search(text) is not None and not asks(text)


def _is_calm(text: str) -> bool:
    """*Still* may belong to what works: *läuft immer noch* is good news without a negation."""
    return _GOOD.search(text) is not None and _NEGATION.search(text) is None
