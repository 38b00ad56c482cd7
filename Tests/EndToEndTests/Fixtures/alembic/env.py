"""Migrates the file in $DATABASE. With $CASCADES, foreign keys are on, as many applications have them."""
import os

import sqlalchemy
from alembic import context

engine = sqlalchemy.create_engine("sqlite:///" + os.environ["DATABASE"])
if os.environ.get("CASCADES"):

    @sqlalchemy.event.listens_for(engine, "connect")
    def enforce(connection, record):
        connection.execute("PRAGMA foreign_keys = ON")


with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
