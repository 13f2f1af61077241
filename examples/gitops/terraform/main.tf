terraform {
  required_version = ">= 1.5"
  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = "~> 3.0"
    }
  }
}

variable "kubeconfig" {
  description = "Who may install into which cluster"
  type        = string
  default     = "~/.kube/config"
}

provider "helm" {
  kubernetes = {
    config_path = var.kubeconfig
  }
}

resource "helm_release" "ml_api" {
  name             = "ml-api"
  namespace        = "models"
  create_namespace = true

  repository = "oci://ghcr.io/org/charts"
  chart      = "ml-api"
  version    = "0.2.0"

  # A promotion gate that refuses fails the apply, and changes nothing.
  wait    = true
  timeout = 600

  values = [
    file("${path.module}/../values.yaml"),
    file("${path.module}/../rollout.yaml"),
  ]
}
