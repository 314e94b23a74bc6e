"""The worker of 2020 that Semblance is compared with, written anew by us from its description.

Not the original's code and not its weights: networks of the same shapes with random numbers in
them, which take as long. What costs time is kept as it was: the photo goes to the disk and is
read twice, Haar looks at it in full size, each face is asked about alone with Keras'
`model.predict`, the picture is stretched to 1024x769 and becomes a PNG, and one gevent worker does
it all in the thread that also serves connections. Telegram is left out on both sides.

`worker:create()` is that; `worker:create_charitable()` puts a compiled function in the place of
`predict`, which is what somebody who knew TensorFlow well would have done first. For the Keras of
2020 could no longer be installed, and the `predict` of today costs more a call than it did.
"""
