"""flags"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table('customer_record',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('account', sa.String(), nullable=False),
    sa.Column('email', sa.String(), nullable=True),
    sa.Column('phone', sa.String(), nullable=True),
    sa.Column('first_name', sa.String(), nullable=True),
    sa.Column('last_name', sa.String(), nullable=True),
    sa.Column('country', sa.String(), nullable=True),
    sa.Column('zip', sa.String(), nullable=True),
    sa.Column('imported_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('source', 'account')
    )
    op.create_table('campaign',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('first_mention', sa.Integer(), nullable=False),
    sa.Column('authors', sa.Integer(), nullable=False),
    sa.Column('mentions', sa.Integer(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('brand_id', 'first_mention')
    )
    op.create_table('flag',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('status', sa.String(length=32), nullable=False),
    sa.Column('assignee', sa.String(), nullable=True),
    sa.Column('mark', sa.String(length=32), nullable=True),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('followers', sa.BigInteger(), nullable=True),
    sa.Column('segment_id', sa.Integer(), nullable=True),
    sa.Column('noise', sa.Boolean(), nullable=True),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('turned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('coordinated', sa.Boolean(), nullable=False),
    sa.Column('discount', sa.String(), nullable=True),
    sa.Column('news', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('by_surest', sa.Float(), nullable=False),
    sa.Column('by_score', sa.Float(), nullable=False),
    sa.Column('by_reach', sa.Float(), nullable=False),
    sa.Column('by_recent', sa.Float(), nullable=False),
    sa.Column('by_trend', sa.Float(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['author.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['segment_id'], ['segment.id'], ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('brand_id', 'author_id')
    )
    with op.batch_alter_table('flag', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_flag_author_id'), ['author_id'], unique=False)
        batch_op.create_index('ix_flag_reach', ['brand_id', 'kind', 'by_reach', 'author_id'], unique=False)
        batch_op.create_index('ix_flag_recent', ['brand_id', 'kind', 'by_recent', 'author_id'], unique=False)
        batch_op.create_index('ix_flag_score', ['brand_id', 'kind', 'by_score', 'author_id'], unique=False)
        batch_op.create_index('ix_flag_segment', ['brand_id', 'kind', 'segment_id', 'by_surest'], unique=False)
        batch_op.create_index(batch_op.f('ix_flag_segment_id'), ['segment_id'], unique=False)
        batch_op.create_index('ix_flag_source', ['brand_id', 'kind', 'source', 'by_surest'], unique=False)
        batch_op.create_index('ix_flag_status', ['brand_id', 'kind', 'status', 'by_surest'], unique=False)
        batch_op.create_index('ix_flag_surest', ['brand_id', 'kind', 'by_surest', 'author_id'], unique=False)
        batch_op.create_index('ix_flag_trend', ['brand_id', 'kind', 'by_trend', 'author_id'], unique=False)

    op.create_table('campaign_mention',
    sa.Column('mention_id', sa.Integer(), nullable=False),
    sa.Column('campaign_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['campaign_id'], ['campaign.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['mention_id'], ['mention.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('mention_id')
    )
    with op.batch_alter_table('campaign_mention', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_campaign_mention_campaign_id'), ['campaign_id'], unique=False)

    op.create_table('stance_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('was', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('mention_id', sa.Integer(), nullable=True),
    sa.Column('score', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['author.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['mention_id'], ['mention.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('brand_id', 'author_id', 'at', 'kind')
    )
    with op.batch_alter_table('stance_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stance_change_author_id'), ['author_id'], unique=False)
        batch_op.create_index('ix_stance_change_brand', ['brand_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_stance_change_mention_id'), ['mention_id'], unique=False)

    with op.batch_alter_table('review', schema=None) as batch_op:
        batch_op.add_column(sa.Column('value', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('kind', sa.String(length=32), nullable=True))
        batch_op.add_column(sa.Column('seen', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('batch', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('undone_by', sa.String(), nullable=True))
        batch_op.create_index(batch_op.f('ix_review_batch'), ['batch'], unique=False)

    with op.batch_alter_table('stance', schema=None) as batch_op:
        batch_op.add_column(sa.Column('last_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('trend', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('history', sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column('newest', sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column('discounts', sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column('coordinated', sa.Integer(), nullable=True))

    # Who was flagged stays on the lists until the next flagging makes the rows anew.
    op.execute(
        """
        INSERT INTO flag (
            brand_id, author_id, kind, status, source, followers, coordinated, news,
            by_surest, by_score, by_reach, by_recent, by_trend, version
        )
        SELECT s.brand_id, s.author_id, s.kind,
            COALESCE(
                (SELECT r.verdict FROM review r
                 WHERE r.brand_id = s.brand_id AND r.author_id = s.author_id
                 ORDER BY r.id DESC LIMIT 1),
                'new'
            ),
            a.source, a.followers, false, '[]',
            CASE WHEN s.kind = 'advocate' THEN -s.low ELSE s.high END,
            CASE WHEN s.kind = 'advocate' THEN -s.score ELSE s.score END,
            COALESCE(-a.followers, 1), 0, 9, 1
        FROM stance s JOIN author a ON a.id = s.author_id
        WHERE s.kind <> 'passive'
        """
    )


def downgrade() -> None:
    """Take this version back."""
    with op.batch_alter_table('stance', schema=None) as batch_op:
        batch_op.drop_column('coordinated')
        batch_op.drop_column('discounts')
        batch_op.drop_column('newest')
        batch_op.drop_column('history')
        batch_op.drop_column('trend')
        batch_op.drop_column('last_at')

    with op.batch_alter_table('review', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_review_batch'))
        batch_op.drop_column('undone_by')
        batch_op.drop_column('undone_at')
        batch_op.drop_column('batch')
        batch_op.drop_column('seen')
        batch_op.drop_column('kind')
        batch_op.drop_column('value')

    with op.batch_alter_table('stance_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stance_change_mention_id'))
        batch_op.drop_index('ix_stance_change_brand')
        batch_op.drop_index(batch_op.f('ix_stance_change_author_id'))

    op.drop_table('stance_change')
    with op.batch_alter_table('campaign_mention', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_campaign_mention_campaign_id'))

    op.drop_table('campaign_mention')
    with op.batch_alter_table('flag', schema=None) as batch_op:
        batch_op.drop_index('ix_flag_trend')
        batch_op.drop_index('ix_flag_surest')
        batch_op.drop_index('ix_flag_status')
        batch_op.drop_index('ix_flag_source')
        batch_op.drop_index(batch_op.f('ix_flag_segment_id'))
        batch_op.drop_index('ix_flag_segment')
        batch_op.drop_index('ix_flag_score')
        batch_op.drop_index('ix_flag_recent')
        batch_op.drop_index('ix_flag_reach')
        batch_op.drop_index(batch_op.f('ix_flag_author_id'))

    op.drop_table('flag')
    op.drop_table('campaign')
    op.drop_table('customer_record')
