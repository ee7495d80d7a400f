"""What `make_op_fixtures.py` writes, one module for each family of operations."""
