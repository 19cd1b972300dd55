"""reporting"""

import sqlalchemy as sa
from alembic import op


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table('brand_window',
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('authors', sa.Integer(), nullable=False),
    sa.Column('reach_total', sa.BigInteger(), nullable=False),
    sa.Column('reach_unique', sa.BigInteger(), nullable=False),
    sa.Column('reach_known', sa.Integer(), nullable=False),
    sa.Column('themes', sa.JSON(), nullable=True),
    sa.Column('counted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seconds', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('brand_id', 'name')
    )
    op.create_table('mention_day',
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('mentions', sa.Integer(), nullable=False),
    sa.Column('negative', sa.Integer(), nullable=False),
    sa.Column('neutral', sa.Integer(), nullable=False),
    sa.Column('positive', sa.Integer(), nullable=False),
    sa.Column('anger', sa.Integer(), nullable=False),
    sa.Column('joy', sa.Integer(), nullable=False),
    sa.Column('optimism', sa.Integer(), nullable=False),
    sa.Column('sadness', sa.Integer(), nullable=False),
    sa.Column('judged', sa.Integer(), nullable=False),
    sa.Column('ironic', sa.Integer(), nullable=False),
    sa.Column('not_scored', sa.JSON(), nullable=False),
    sa.Column('hours', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('brand_id', 'day', 'source')
    )
    op.create_table('mention_mark',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('mention_mark') as batch:
        batch.create_index('ix_mention_mark_day', ['brand_id', 'day'], unique=False)

    op.create_table('report_schedule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('cron', sa.String(), nullable=False),
    sa.Column('timezone', sa.String(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('channels', sa.JSON(), nullable=False),
    sa.Column('next_due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('paused', sa.Boolean(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('report_schedule') as batch:
        batch.create_index(op.f('ix_report_schedule_brand_id'), ['brand_id'], unique=False)
        batch.create_index(op.f('ix_report_schedule_next_due_at'), ['next_due_at'], unique=False)

    op.create_table('report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('schedule_id', sa.Integer(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.String(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['schedule_id'], ['report_schedule.id'], ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('schedule_id', 'due_at')
    )
    with op.batch_alter_table('report') as batch:
        batch.create_index('ix_report_brand', ['brand_id', 'id'], unique=False)

    op.create_table('report_item',
    sa.Column('report_id', sa.Integer(), nullable=False),
    sa.Column('part', sa.String(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('mention_id', sa.Integer(), nullable=True),
    sa.Column('score', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['author.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['mention_id'], ['mention.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('report_id', 'part', 'place')
    )
    with op.batch_alter_table('report_item') as batch:
        batch.create_index(op.f('ix_report_item_author_id'), ['author_id'], unique=False)
        batch.create_index(op.f('ix_report_item_mention_id'), ['mention_id'], unique=False)
    # Days that have mentions already are counted first thing.
    op.execute(
        "INSERT INTO mention_mark (brand_id, day, at)"
        " SELECT DISTINCT brand_id, date(published_at), CURRENT_TIMESTAMP FROM mention"
    )


def downgrade() -> None:
    """Take this version back."""
    with op.batch_alter_table('report_item') as batch:
        batch.drop_index(op.f('ix_report_item_mention_id'))
        batch.drop_index(op.f('ix_report_item_author_id'))

    op.drop_table('report_item')
    with op.batch_alter_table('report') as batch:
        batch.drop_index('ix_report_brand')

    op.drop_table('report')
    with op.batch_alter_table('report_schedule') as batch:
        batch.drop_index(op.f('ix_report_schedule_next_due_at'))
        batch.drop_index(op.f('ix_report_schedule_brand_id'))

    op.drop_table('report_schedule')
    with op.batch_alter_table('mention_mark') as batch:
        batch.drop_index('ix_mention_mark_day')

    op.drop_table('mention_mark')
    op.drop_table('mention_day')
    op.drop_table('brand_window')
