"""search index"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE search_message USING fts5(words, tokenize = 'trigram')")
    else:
        op.execute("CREATE TABLE search_message (rowid BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX ix_search_message_words ON search_message USING gin (words)")


def downgrade() -> None:
    op.execute("DROP TABLE search_message")
