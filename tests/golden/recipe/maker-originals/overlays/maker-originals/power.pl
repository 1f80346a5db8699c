print("power")
