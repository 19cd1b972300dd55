"""searching"""

import sqlalchemy as sa
from alembic import op

from listening.query.indexing import index_words

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_BATCH = 5000
# Everything but a space is part of a word: what a word is was decided before.
_FTS = """
CREATE VIRTUAL TABLE fts_post_words USING fts5(
    words, content='post_words', content_rowid='post_id', detail='none', columnsize=0,
    tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
)
"""
_OLD = "INSERT INTO fts_post_words(fts_post_words, rowid, words) VALUES ('delete', old.post_id, old.words);"
_NEW = "INSERT INTO fts_post_words(rowid, words) VALUES (new.post_id, new.words);"
_TRIGGERS = {
    'fts_post_words_added': f"AFTER INSERT ON post_words BEGIN {_NEW} END",
    'fts_post_words_gone': f"AFTER DELETE ON post_words BEGIN {_OLD} END",
    'fts_post_words_changed': f"AFTER UPDATE ON post_words BEGIN {_OLD} {_NEW} END",
}


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table('post_words',
    sa.Column('post_id', sa.Integer(), nullable=False),
    sa.Column('words', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['post_id'], ['post.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('post_id')
    )
    op.create_table('mention_tag',
    sa.Column('mention_id', sa.Integer(), nullable=False),
    sa.Column('tag', sa.String(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['mention_id'], ['mention.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('mention_id', 'tag')
    )
    with op.batch_alter_table('mention_tag', schema=None) as batch_op:
        batch_op.create_index('ix_mention_tag_tag', ['brand_id', 'tag'], unique=False)

    with op.batch_alter_table('mention', schema=None) as batch_op:
        batch_op.create_index('ix_mention_override', ['brand_id', 'override_at'], unique=False, sqlite_where=sa.text('override IS NOT NULL'), postgresql_where=sa.text('override IS NOT NULL'))

    _fill(op.get_bind())
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(_FTS)
        op.execute("INSERT INTO fts_post_words(fts_post_words) VALUES ('rebuild')")
        for name, what in _TRIGGERS.items():
            op.execute(f'CREATE TRIGGER {name} {what}')
    else:
        op.execute("CREATE INDEX fts_post_words ON post_words USING gin (array_to_tsvector(string_to_array(words, ' '))) WITH (fastupdate = off)")


def _fill(connection: sa.Connection) -> None:
    """The words of the posts that stand."""
    read = sa.text('SELECT id, title, text FROM post WHERE id > :last ORDER BY id LIMIT :batch')
    write = sa.text('INSERT INTO post_words (post_id, words) VALUES (:post_id, :words)')
    last = 0
    while rows := connection.execute(read, {'last': last, 'batch': _BATCH}).all():
        last = rows[-1][0]
        connection.execute(write, [{'post_id': i, 'words': index_words(title, text)} for i, title, text in rows])


def downgrade() -> None:
    """Take this version back."""
    if op.get_bind().dialect.name == 'sqlite':
        for name in _TRIGGERS:
            op.execute(f'DROP TRIGGER {name}')
        op.execute('DROP TABLE fts_post_words')
    else:
        op.execute('DROP INDEX fts_post_words')
    with op.batch_alter_table('mention', schema=None) as batch_op:
        batch_op.drop_index('ix_mention_override')

    with op.batch_alter_table('mention_tag', schema=None) as batch_op:
        batch_op.drop_index('ix_mention_tag_tag')

    op.drop_table('mention_tag')
    op.drop_table('post_words')
