"""The Python half of the HTTP clients: everything that is not on the way of a plain request.

The engine sends, receives, judges and counts. What is here prepares the
keywords it does not know itself, and dresses its responses.
"""
