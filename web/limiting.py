"""Rate limits of public endpoints, counted in this process's memory."""

from __future__ import annotations

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Limiter:
    def __init__(self) -> None:
        self._windows = MovingWindowRateLimiter(MemoryStorage())

    def per_minute(self, what: str, who: str, most: int) -> bool:
        """Count one; False if that is more than ``most`` within a minute."""
        return self._windows.hit(RateLimitItemPerMinute(most), what, who)

    def is_over(self, what: str, who: str, most: int) -> bool:
        """Whether the next one within this minute would be more than ``most``; counts none."""
        return not self._windows.test(RateLimitItemPerMinute(most), what, who)

    def per_hour(self, what: str, who: str, most: int) -> bool:
        return self._windows.hit(RateLimitItemPerHour(most), what, who)
