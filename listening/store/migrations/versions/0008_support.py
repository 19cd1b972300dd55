"""support"""

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the store to this version."""


def downgrade() -> None:
    """Take this version back."""
