"""The networks: masked CMR autoencoder, ECG encoder, alignment, video diffusion, downstream heads."""

from cardiacnets import torchvision_schemas as torchvision_schemas  # before any import of timm
from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cmr_autoencoder import CmrAutoencoder
from cardiacnets.models.contrast import alignment_and_uniformity, retrieval_ranks, symmetric_info_nce
from cardiacnets.models.ecg_autoencoder import EcgAutoencoder
from cardiacnets.models.ecg_encoder import EcgEncoder
from cardiacnets.models.heads import CmrEmbedding, Downstream
from cardiacnets.models.registry import KINDS, build

__all__ = [
    "KINDS",
    "Aligner",
    "CmrAutoencoder",
    "CmrEmbedding",
    "Downstream",
    "EcgAutoencoder",
    "EcgEncoder",
    "alignment_and_uniformity",
    "build",
    "retrieval_ranks",
    "symmetric_info_nce",
]
