from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def scaled(*, components: int = 10, strength: float = 1.0, random_state: int | None = None):
    """Logistic regression on the principal components of standardised pixels."""
    return make_pipeline(
        StandardScaler(), PCA(components, random_state=random_state), LogisticRegression(C=strength, max_iter=500)
    )
