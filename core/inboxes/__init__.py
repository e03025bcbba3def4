"""Inboxes: what a channel declares of itself, setting one up, which process runs it, and how it is doing."""
