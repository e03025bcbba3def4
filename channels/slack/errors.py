"""What Slack says when it refuses something, in words that help whoever reads them at the message.

Source: the errors listed at each method, https://docs.slack.dev/reference/methods
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from channels.base import DeliveryError
from core.errors import InboxProblem

UNREACHABLE = "Slack cannot be reached right now."
SLOWLY = "Slack wants us to write more slowly."
_TOKEN = "Slack does not accept the app's token any more. An admin must install the app again and enter the new token."  # noqa: S105
_AWAY = "The app is not a member of this Slack channel. Invite it there with /invite, then try again."
_FORBIDDEN = "Slack's settings do not let the app write there. An admin of the workspace can allow it."
WORDS = {
    "account_inactive": _TOKEN,
    "token_revoked": _TOKEN,
    "token_expired": _TOKEN,
    "invalid_auth": _TOKEN,
    "not_authed": _TOKEN,
    "not_allowed_token_type": "Slack wants another token: the bot's begins with xoxb-, the app's with xapp-.",
    "missing_scope": "The Slack app lacks a permission. An admin must add what the manual lists and install it again.",
    "channel_not_found": "Slack does not know this conversation any more, or the app may not see it.",
    "not_in_channel": _AWAY,
    "is_archived": "The Slack channel is archived; nobody can write there any more.",
    "users_not_found": "Nobody in the Slack workspace has this e-mail address.",
    "user_not_found": "Slack does not know this person any more.",
    "user_disabled": "This person's Slack account is switched off.",
    "cannot_dm_bot": "This is a program, not a person; Slack does not let the app write to it.",
    "messages_tab_disabled": "The app takes no direct messages. An admin must switch on its Messages tab in Slack.",
    "cannot_reply_to_message": "The message that this answers does not exist in Slack any more.",
    "thread_not_found": "The message that this answers does not exist in Slack any more.",
    "restricted_action": _FORBIDDEN,
    "restricted_action_read_only_channel": _FORBIDDEN,
    "restricted_action_thread_only_channel": _FORBIDDEN,
    "restricted_action_non_threadable_channel": _FORBIDDEN,
    "restricted_action_thread_locked": _FORBIDDEN,
    "no_permission": _FORBIDDEN,
    "access_denied": _FORBIDDEN,
    "ekm_access_denied": _FORBIDDEN,
    "team_access_not_granted": _FORBIDDEN,
    "org_login_required": "The Slack workspace is being moved to another organization. Try again when that is done.",
    "msg_too_long": "Slack finds the message too long.",
    "msg_blocks_too_long": "Slack finds the message too long.",
    "invalid_blocks": "Slack cannot show the message in this form.",
    "storage_limit_reached": "The Slack workspace has no room for files any more.",
    "file_uploads_disabled": "The Slack workspace does not take files.",
    "file_uploads_except_images_disabled": "The Slack workspace takes no files but pictures.",
}
"""For good: trying again changes nothing until somebody mends it."""
_FOR_NOW = frozenset(
    {
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
        "accesslimited",
    }
)
_NEW_TOKENS = "Install the app again at api.slack.com/apps, and copy its tokens into the inbox's settings."
_PERMISSIONS = "Put the manifest that the inbox shows into the app, and install it again."
CONNECTION = "Is this machine connected to the internet, and does status.slack.com report trouble?"
MENDING = {
    **{code: _NEW_TOKENS for code, words in WORDS.items() if words is _TOKEN},
    "not_allowed_token_type": _NEW_TOKENS,
    "missing_scope": _PERMISSIONS,
}
"""What is wrong with the app and not with a message, and how an admin mends it."""


class SlackRefusal(DeliveryError):
    """Slack answered with an error; ``code`` is what Slack calls it."""

    def __init__(
        self, code: str, reason: str, *, permanent: bool, retry_after: timedelta | None = None, needed: str = ""
    ) -> None:
        super().__init__(reason, permanent=permanent, retry_after=retry_after)
        self.code = code
        self.needed = needed
        """The permission that is missing, if that is the matter."""


def problem_of(error: DeliveryError) -> InboxProblem | None:
    """What an admin must mend, if it is not the message's own fault."""
    if str(error) == UNREACHABLE:
        return InboxProblem(str(error), str(CONNECTION))
    mend = MENDING.get(error.code) if isinstance(error, SlackRefusal) else None
    return InboxProblem(str(error), str(mend)) if mend is not None else None


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turns whatever goes wrong with Slack into a ``DeliveryError``. Nothing of the request is in it."""
    try:
        yield
    except SlackApiError as error:
        raise _refusal(error) from None
    except (TimeoutError, aiohttp.ClientError, OSError, SlackClientError):
        raise DeliveryError(UNREACHABLE, permanent=False) from None


def _refusal(error: SlackApiError) -> DeliveryError:
    response = error.response
    status = response.status_code if hasattr(response, "status_code") else response.status
    if status == 429:
        seconds = str(response.headers.get("Retry-After", "30"))
        wait = timedelta(seconds=int(seconds) if seconds.isdecimal() else 30)
        return SlackRefusal("ratelimited", SLOWLY, permanent=False, retry_after=wait)
    data = response.data if isinstance(getattr(response, "data", None), dict) else {}
    code = str(data.get("error", "")) or f"status {status}"
    if code in _FOR_NOW or status >= 500 or not data:
        return SlackRefusal(code, UNREACHABLE, permanent=False)
    words = WORDS.get(code, f"Slack did not take this: {code}")
    return SlackRefusal(code, words, permanent=True, needed=str(data.get("needed", "")))
