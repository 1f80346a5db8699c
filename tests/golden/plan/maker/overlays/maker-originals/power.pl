print("theirs")
