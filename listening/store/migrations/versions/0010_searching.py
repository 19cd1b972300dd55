"""searching"""

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""


def downgrade() -> None:
    """Take this version back."""
