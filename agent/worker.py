"""worker.py: placeholder"""
import sys
def serve_stdio(nonce):
    sys.stdout.write("the Python worker is being written\n")
def serve_socket(sock, nonce):
    sock.sendall(b"the Python worker is being written\n")
