"""The telephone: what a telephone system tells of calls, who is calling, and what people write down of a call."""
