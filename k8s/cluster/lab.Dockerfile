# The node image of one lab: any kind node image, with the lab's label (node containers inherit it, which proves
# whose cluster it is) and the way to the lab's registry under the name that the course's images carry.
ARG NODE
FROM ${NODE}
ARG IMAGE LAB REGISTRY_NAME REGISTRY_HOST
LABEL labkit.lab=${LAB} labkit.stem=lab labkit.role=infra labkit.session=infra labkit.image=${IMAGE} labkit.image-of=${LAB}
RUN mkdir -p "/etc/containerd/certs.d/${REGISTRY_NAME}" \
 && printf 'server = "http://%s"\n[host."http://%s"]\n' "${REGISTRY_HOST}" "${REGISTRY_HOST}" \
      > "/etc/containerd/certs.d/${REGISTRY_NAME}/hosts.toml" \
 && grep -q config_path /etc/containerd/config.toml \
 || printf '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n' >> /etc/containerd/config.toml
