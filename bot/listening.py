"""People have the ticket: the bot keeps what it hears and, as a rule, says nothing."""

from __future__ import annotations

from bot import policy
from bot.draft import Composer
from core.values import Decision, Status
from nlu.engine import Parse


class Listener(Composer):
    def listen(self, main: Parse) -> Decision:
        """Thanks leave a settled matter settled; anything else on it opens it again."""
        if self.facts.status is not Status.RESOLVED:
            return self.end("listening")
        if policy.leaves_it_settled(self.text, main, self.accepted(main)):
            return self.end("after_resolution")
        self.change(reopen=True)
        return self.end("came_back")
