"""sources"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""
    op.create_table('author_look',
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('looked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('posts', sa.Integer(), nullable=False),
    sa.Column('error', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['author.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('author_id')
    )
    with op.batch_alter_table('watch') as batch:
        batch.add_column(sa.Column('read_until', sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column('warning', sa.String(), nullable=True))
    with op.batch_alter_table('sweep') as batch:
        batch.add_column(sa.Column('passed', sa.Integer(), nullable=False, server_default='0'))
        batch.add_column(sa.Column('deleted', sa.Integer(), nullable=False, server_default='0'))


def downgrade() -> None:
    """Take this version back."""
    with op.batch_alter_table('sweep') as batch:
        batch.drop_column('deleted')
        batch.drop_column('passed')
    with op.batch_alter_table('watch') as batch:
        batch.drop_column('warning')
        batch.drop_column('read_until')
    op.drop_table('author_look')
