"""A network of an ordinary author's: small, with three epochs of its own, and Keras' own history."""

import keras


class Net:
    def __init__(self, *, random_state=1):
        self.random_state = random_state

    def fit(self, images, is_fake):
        keras.utils.set_random_seed(self.random_state + 1)
        convolution = keras.layers.Conv2D(16, 3, activation="relu")
        layers = [convolution, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1, activation="sigmoid")]
        self.model = keras.Sequential([keras.Input(images.shape[1:]), keras.layers.Rescaling(1 / 255), *layers])
        self.model.compile("sgd", "binary_crossentropy")
        self.history = self.model.fit(images, is_fake.astype("float32"), epochs=3, verbose=0)

    def decision_function(self, images):
        return self.model.predict(images, verbose=0)[:, 0]
