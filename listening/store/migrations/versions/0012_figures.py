"""figures"""

from alembic import op
import sqlalchemy as sa

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table('figure_due',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('run_artefact',
    sa.Column('segmentation_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('seconds', sa.Float(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['segmentation_id'], ['segmentation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('segmentation_id', 'kind')
    )
    op.create_table('segment_figure',
    sa.Column('segmentation_id', sa.Integer(), nullable=False),
    sa.Column('segment_id', sa.Integer(), nullable=False),
    sa.Column('scope', sa.Integer(), nullable=False),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('nearest', sa.Integer(), nullable=False),
    sa.Column('mentions', sa.Integer(), nullable=False),
    sa.Column('scored', sa.Integer(), nullable=False),
    sa.Column('positive', sa.Integer(), nullable=False),
    sa.Column('negative', sa.Integer(), nullable=False),
    sa.Column('advocates', sa.Integer(), nullable=False),
    sa.Column('detractors', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['segment_id'], ['segment.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['segmentation_id'], ['segmentation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('segmentation_id', 'segment_id', 'scope')
    )
    op.create_index('ix_segment_figure_segment_id', 'segment_figure', ['segment_id'], unique=False)
    with op.batch_alter_table('segment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.drop_index('ix_membership_segment', table_name='membership')
    op.create_index('ix_membership_change_flow', 'membership_change', ['segmentation_id', 'was_id', 'segment_id'], unique=False)
    op.create_index('ix_membership_list', 'membership', ['segmentation_id', 'segment_id', 'noise', 'strength'], unique=False)


def downgrade() -> None:
    """Take this version back."""
    op.drop_index('ix_membership_list', table_name='membership')
    op.drop_index('ix_membership_change_flow', table_name='membership_change')
    op.create_index('ix_membership_segment', 'membership', ['segmentation_id', 'segment_id'], unique=False)
    with op.batch_alter_table('segment', schema=None) as batch_op:
        batch_op.drop_column('version')
    op.drop_index('ix_segment_figure_segment_id', table_name='segment_figure')
    op.drop_table('segment_figure')
    op.drop_table('run_artefact')
    op.drop_table('figure_due')
