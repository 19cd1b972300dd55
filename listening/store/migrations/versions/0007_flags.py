"""flags"""

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""


def downgrade() -> None:
    """Take this version back."""
