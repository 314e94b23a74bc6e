"""How the face detector is trained: its network, its pictures, its targets."""
