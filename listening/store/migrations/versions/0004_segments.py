"""segments"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table('placed_chunk',
    sa.Column('segmentation_id', sa.Integer(), nullable=False),
    sa.Column('chunk', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['segmentation_id'], ['segmentation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('segmentation_id', 'chunk')
    )
    op.create_table('segmentation_fit',
    sa.Column('segmentation_id', sa.Integer(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['segmentation_id'], ['segmentation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('segmentation_id')
    )
    op.create_table('lineage',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('segmentation_id', sa.Integer(), nullable=False),
    sa.Column('segment_id', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=32), nullable=False),
    sa.Column('other_id', sa.Integer(), nullable=True),
    sa.Column('shared', sa.Integer(), nullable=False),
    sa.Column('joined', sa.Integer(), nullable=False),
    sa.Column('left', sa.Integer(), nullable=False),
    sa.Column('came', sa.Integer(), nullable=False),
    sa.Column('gone', sa.Integer(), nullable=False),
    sa.Column('moved', sa.Float(), nullable=True),
    sa.ForeignKeyConstraint(['other_id'], ['segment.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['segment_id'], ['segment.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['segmentation_id'], ['segmentation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('lineage', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_lineage_other_id'), ['other_id'], unique=False)
        batch_op.create_index('ix_lineage_run', ['segmentation_id', 'segment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_lineage_segment_id'), ['segment_id'], unique=False)

    op.create_table('membership_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('segment_id', sa.Integer(), nullable=False),
    sa.Column('was_id', sa.Integer(), nullable=True),
    sa.Column('noise', sa.Boolean(), nullable=False),
    sa.Column('strength', sa.Float(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('segmentation_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['author.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['segment_id'], ['segment.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['segmentation_id'], ['segmentation.id'], ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['was_id'], ['segment.id'], ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('membership_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_change_author_id'), ['author_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_membership_change_segment_id'), ['segment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_membership_change_was_id'), ['was_id'], unique=False)

    op.create_table('unprofiled',
    sa.Column('post_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('again', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['author.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['post_id'], ['post.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('post_id')
    )
    with op.batch_alter_table('unprofiled', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_unprofiled_author_id'), ['author_id'], unique=False)

    # Profiles are sums now, and are made anew from what is analysed.
    op.execute("DELETE FROM author_profile")
    op.execute(
        "INSERT INTO unprofiled (post_id, author_id, again) "
        "SELECT analysis.post_id, post.author_id, false "
        "FROM analysis JOIN post ON post.id = analysis.post_id"
    )
    with op.batch_alter_table('author_profile', schema=None) as batch_op:
        batch_op.add_column(sa.Column('params', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False, server_default=sa.text("'2026-01-01 00:00:00'")))
        batch_op.add_column(sa.Column('stale', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('unplaced', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index(batch_op.f('ix_author_profile_changed_at'), ['changed_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_author_profile_stale'), ['stale'], unique=False)
        batch_op.create_index(batch_op.f('ix_author_profile_unplaced'), ['unplaced'], unique=False)

    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.add_column(sa.Column('others', sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'")))
        batch_op.add_column(sa.Column('x', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('y', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('placed', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('label', sa.Integer(), nullable=False, server_default='0'))
    op.execute(
        "UPDATE membership SET label = segment_state.label FROM segment_state "
        "WHERE segment_state.segmentation_id = membership.segmentation_id "
        "AND segment_state.segment_id = membership.segment_id"
    )

    with op.batch_alter_table('segment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('pinned', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('hidden', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('merged_into', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_segment_merged_into'), ['merged_into'], unique=False)
        batch_op.create_foreign_key('fk_segment_merged_into', 'segment', ['merged_into'], ['id'], ondelete='SET NULL')

    with op.batch_alter_table('segment_state', schema=None) as batch_op:
        batch_op.add_column(sa.Column('coarse', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('stability', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('tentative', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column('centre', sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column('figures', sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'{}'")))
        batch_op.create_index(batch_op.f('ix_segment_state_segment_id'), ['segment_id'], unique=False)

    with op.batch_alter_table('segmentation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('status', sa.String(length=32), nullable=False, server_default='done'))
        batch_op.add_column(sa.Column('stability', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('groups', sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'")))
        batch_op.add_column(sa.Column('clusters', sa.JSON(none_as_null=True), nullable=False, server_default=sa.text("'[]'")))
        batch_op.alter_column('fingerprint',
               existing_type=sa.VARCHAR(),
               nullable=True)



def downgrade() -> None:
    """Take this version back."""
    op.execute("DELETE FROM author_profile")
    # A run whose memberships are forgotten has no fingerprint, and was not kept before.
    op.execute("DELETE FROM segmentation WHERE fingerprint IS NULL")
    with op.batch_alter_table('segmentation', schema=None) as batch_op:
        batch_op.alter_column('fingerprint',
               existing_type=sa.VARCHAR(),
               nullable=False)
        batch_op.drop_column('clusters')
        batch_op.drop_column('groups')
        batch_op.drop_column('stability')
        batch_op.drop_column('status')

    with op.batch_alter_table('segment_state', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_segment_state_segment_id'))
        batch_op.drop_column('figures')
        batch_op.drop_column('centre')
        batch_op.drop_column('tentative')
        batch_op.drop_column('stability')
        batch_op.drop_column('coarse')

    with op.batch_alter_table('segment', schema=None) as batch_op:
        batch_op.drop_constraint('fk_segment_merged_into', type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_segment_merged_into'))
        batch_op.drop_column('merged_into')
        batch_op.drop_column('hidden')
        batch_op.drop_column('pinned')

    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_column('label')
        batch_op.drop_column('placed')
        batch_op.drop_column('y')
        batch_op.drop_column('x')
        batch_op.drop_column('others')

    with op.batch_alter_table('author_profile', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_author_profile_unplaced'))
        batch_op.drop_index(batch_op.f('ix_author_profile_stale'))
        batch_op.drop_index(batch_op.f('ix_author_profile_changed_at'))
        batch_op.drop_column('unplaced')
        batch_op.drop_column('stale')
        batch_op.drop_column('changed_at')
        batch_op.drop_column('params')

    with op.batch_alter_table('unprofiled', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_unprofiled_author_id'))

    op.drop_table('unprofiled')
    with op.batch_alter_table('membership_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_membership_change_was_id'))
        batch_op.drop_index(batch_op.f('ix_membership_change_segment_id'))
        batch_op.drop_index(batch_op.f('ix_membership_change_author_id'))

    op.drop_table('membership_change')
    with op.batch_alter_table('lineage', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_lineage_segment_id'))
        batch_op.drop_index('ix_lineage_run')
        batch_op.drop_index(batch_op.f('ix_lineage_other_id'))

    op.drop_table('lineage')
    op.drop_table('segmentation_fit')
    op.drop_table('placed_chunk')
