"""Images that tell which one they are."""


def build(node, tag, word, base="busybox"):
    """An image that prints this word, by way of this node; its id."""
    dockerfile = f"FROM {base}\nRUN echo {word} > /v\nCMD cat /v\n".encode()
    node.docker("build", "--tag", tag, "-", input=dockerfile, env={"DOCKER_BUILDKIT": "0"})
    return node.docker("image", "inspect", "--format", "{{.Id}}", tag).strip()


def run_printing(via, on, image):
    return via.docker("run", "--rm", "-e", f"constraint:node=={on.name}", image).strip()
