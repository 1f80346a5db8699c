print("nobody listed me")
