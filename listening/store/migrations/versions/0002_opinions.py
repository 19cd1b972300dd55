"""opinions"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table('correction',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('brand_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('model', sa.String(), nullable=False),
    sa.Column('labels', sa.Integer(), nullable=False),
    sa.Column('params', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('scores', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['brand_id'], ['brand.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('brand_id', 'version')
    )
    op.create_table('mention_sentiment',
    sa.Column('mention_id', sa.Integer(), nullable=False),
    sa.Column('text_hash', sa.String(), nullable=False),
    sa.Column('spans', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('model', sa.String(), nullable=False),
    sa.Column('basis', sa.String(length=32), nullable=False),
    sa.Column('negative', sa.Float(), nullable=False),
    sa.Column('neutral', sa.Float(), nullable=False),
    sa.Column('positive', sa.Float(), nullable=False),
    sa.Column('model_negative', sa.Float(), nullable=False),
    sa.Column('model_neutral', sa.Float(), nullable=False),
    sa.Column('model_positive', sa.Float(), nullable=False),
    sa.Column('correction_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['correction_id'], ['correction.id'], ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['mention_id'], ['mention.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('mention_id')
    )
    with op.batch_alter_table('mention_sentiment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mention_sentiment_text_hash'), ['text_hash'], unique=False)

    with op.batch_alter_table('analysis', schema=None) as batch_op:
        batch_op.add_column(sa.Column('anger', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('joy', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('optimism', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('sadness', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('ironic', sa.Float(), nullable=True))
        batch_op.add_column(sa.Column('offensive', sa.Float(), nullable=True))



def downgrade() -> None:
    """Take this version back."""
    with op.batch_alter_table('analysis', schema=None) as batch_op:
        batch_op.drop_column('offensive')
        batch_op.drop_column('ironic')
        batch_op.drop_column('sadness')
        batch_op.drop_column('optimism')
        batch_op.drop_column('joy')
        batch_op.drop_column('anger')

    with op.batch_alter_table('mention_sentiment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mention_sentiment_text_hash'))

    op.drop_table('mention_sentiment')
    op.drop_table('correction')
