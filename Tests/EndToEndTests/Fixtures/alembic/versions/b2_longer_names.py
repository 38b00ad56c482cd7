"""Rebuilds the parent table, as Alembic's batch mode does for SQLite."""
import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade():
    with op.batch_alter_table("parents") as batch:
        batch.alter_column("name", type_=sa.String(200), nullable=False)


def downgrade():
    with op.batch_alter_table("parents") as batch:
        batch.alter_column("name", type_=sa.String(20), nullable=True)
