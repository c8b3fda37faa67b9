"""The tutorial's API on Flask's development server: api.py COUNTS [broken]

Appends a line to the file COUNTS for every request. With "broken", the home page answers 500 and
/users leaves its key out.
"""
import sys

from flask import Flask, jsonify, request

app = Flask(__name__)
counts = open(sys.argv[1], "a", buffering=1)
broken = "broken" in sys.argv[2:]


@app.before_request
def count():
    counts.write(f"{request.method} {request.path}\n")


@app.route("/")
def home():
    if broken:
        return jsonify({"error": "out of order"}), 500
    return jsonify({"message": "Welcome to the API!"})


@app.route("/users")
def users():
    return jsonify({} if broken else {"users": ["Alice", "Bob", "Charlie"]})


@app.route("/status")
def status():
    return jsonify({"status": "healthy"})


app.run(host="127.0.0.1", port=0)
