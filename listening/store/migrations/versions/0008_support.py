"""Support: what is done to cases, notes, the timer, conversations found from any post."""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table('canned_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('brand_id', 'name')
    )
    op.create_table('case_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('before', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('after', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('batch', sa.String(), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['case_id'], ['support_case.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('case_event', schema=None) as batch_op:
        batch_op.create_index('ix_case_event_batch', ['batch'], unique=False)
        batch_op.create_index('ix_case_event_case', ['case_id', 'id'], unique=False)

    op.create_table('case_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('answer', sa.Boolean(), nullable=False),
    sa.Column('batch', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['support_case.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('case_note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_case_note_batch'), ['batch'], unique=False)
        batch_op.create_index('ix_case_note_case', ['case_id', 'id'], unique=False)

    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.create_index('ix_post_reply_to', ['reply_to', 'source'], unique=False, sqlite_where=sa.text('reply_to IS NOT NULL'), postgresql_where=sa.text('reply_to IS NOT NULL'))
        batch_op.create_index('ix_post_thread', ['thread', 'source'], unique=False, sqlite_where=sa.text('thread IS NOT NULL'), postgresql_where=sa.text('thread IS NOT NULL'))


    with op.batch_alter_table('support_case', schema=None) as batch_op:
        batch_op.add_column(sa.Column('author_id', sa.Integer(), sa.ForeignKey('author.id', name='fk_support_case_author', ondelete='CASCADE'), nullable=True))
        batch_op.add_column(sa.Column('source', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('published_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('priority_by', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('rank', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('checked', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('starred', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('timed_from', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('escalated_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('in_time', sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column('snoozed_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('after_id', sa.Integer(), sa.ForeignKey('support_case.id', name='fk_support_case_after', ondelete='SET NULL'), nullable=True))
        batch_op.add_column(sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('changed_by', sa.String(), nullable=True))
        batch_op.drop_index('ix_case_queue')
        batch_op.drop_index('ix_support_case_group_key')
    # What the case says of its mention is the post's to say.
    op.execute("""
        UPDATE support_case SET
            author_id = (SELECT m.author_id FROM mention m WHERE m.id = support_case.mention_id),
            published_at = (SELECT m.published_at FROM mention m WHERE m.id = support_case.mention_id),
            source = (SELECT p.source FROM mention m JOIN post p ON p.id = m.post_id WHERE m.id = support_case.mention_id),
            rank = urgency + CASE priority WHEN 'high' THEN 20 WHEN 'medium' THEN 10 ELSE 0 END,
            timed_from = opened_at
    """)
    case = sa.table('support_case', sa.column('checked', sa.Boolean()), sa.column('starred', sa.Boolean()))
    op.execute(case.update().values(checked=False, starred=False))
    with op.batch_alter_table('support_case', schema=None) as batch_op:
        batch_op.alter_column('author_id', existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column('source', existing_type=sa.String(), nullable=False)
        batch_op.alter_column('published_at', existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.alter_column('rank', existing_type=sa.Float(), nullable=False)
        batch_op.alter_column('checked', existing_type=sa.Boolean(), nullable=False)
        batch_op.alter_column('starred', existing_type=sa.Boolean(), nullable=False)
        batch_op.alter_column('timed_from', existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.create_index('ix_case_answered', ['brand_id', 'answered_at'], unique=False)
        batch_op.create_index('ix_case_author', ['author_id', 'brand_id'], unique=False)
        batch_op.create_index('ix_case_closed', ['brand_id', 'closed_at'], unique=False)
        batch_op.create_index('ix_case_due', ['brand_id', 'status', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_case_group', ['brand_id', 'group_key', 'status', 'rank', 'id'], unique=False)
        batch_op.create_index('ix_case_newest', ['brand_id', 'status', 'published_at', 'id'], unique=False)
        batch_op.create_index('ix_case_overdue', ['status', 'escalated_at', 'due_at'], unique=False)
        batch_op.create_index('ix_case_owner', ['brand_id', 'owner', 'status', 'rank', 'id'], unique=False)
        batch_op.create_index('ix_case_rank', ['brand_id', 'status', 'rank', 'id'], unique=False)
        batch_op.create_index('ix_case_snoozed', ['status', 'snoozed_until'], unique=False)
        batch_op.create_index('ix_case_checked', ['brand_id', 'status', 'rank', 'id'], unique=False, sqlite_where=sa.text('checked'), postgresql_where=sa.text('checked'))
        batch_op.create_index('ix_case_starred', ['brand_id', 'status', 'rank', 'id'], unique=False, sqlite_where=sa.text('starred'), postgresql_where=sa.text('starred'))
        batch_op.create_index('ix_support_case_after_id', ['after_id'], unique=False)


def downgrade() -> None:
    """Take this version back."""
    with op.batch_alter_table('support_case', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_support_case_after_id'))
        batch_op.drop_index('ix_case_starred')
        batch_op.drop_index('ix_case_checked')
        batch_op.drop_index('ix_case_snoozed')
        batch_op.drop_index('ix_case_rank')
        batch_op.drop_index('ix_case_owner')
        batch_op.drop_index('ix_case_overdue')
        batch_op.drop_index('ix_case_newest')
        batch_op.drop_index('ix_case_group')
        batch_op.drop_index('ix_case_due')
        batch_op.drop_index('ix_case_closed')
        batch_op.drop_index('ix_case_author')
        batch_op.drop_index('ix_case_answered')
        batch_op.create_index(batch_op.f('ix_support_case_group_key'), ['group_key'], unique=False)
        batch_op.create_index('ix_case_queue', ['brand_id', 'status', 'urgency'], unique=False)
        batch_op.drop_column('changed_by')
        batch_op.drop_column('changed_at')
        batch_op.drop_column('after_id')
        batch_op.drop_column('answered_at')
        batch_op.drop_column('snoozed_until')
        batch_op.drop_column('in_time')
        batch_op.drop_column('escalated_at')
        batch_op.drop_column('timed_from')
        batch_op.drop_column('starred')
        batch_op.drop_column('checked')
        batch_op.drop_column('rank')
        batch_op.drop_column('priority_by')
        batch_op.drop_column('published_at')
        batch_op.drop_column('source')
        batch_op.drop_column('author_id')

    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.drop_index('ix_post_thread', sqlite_where=sa.text('thread IS NOT NULL'), postgresql_where=sa.text('thread IS NOT NULL'))
        batch_op.drop_index('ix_post_reply_to', sqlite_where=sa.text('reply_to IS NOT NULL'), postgresql_where=sa.text('reply_to IS NOT NULL'))

    with op.batch_alter_table('case_note', schema=None) as batch_op:
        batch_op.drop_index('ix_case_note_case')
        batch_op.drop_index(batch_op.f('ix_case_note_batch'))

    op.drop_table('case_note')
    with op.batch_alter_table('case_event', schema=None) as batch_op:
        batch_op.drop_index('ix_case_event_case')
        batch_op.drop_index('ix_case_event_batch')

    op.drop_table('case_event')
    op.drop_table('canned_note')
