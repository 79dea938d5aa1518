#pragma once

// Containers of images that their engine knows by their ids alone. An engine learns the digest of
// an image from a registry and from nobody else. One that was sent by another node has none, so a
// container that was asked for by it is made by the image's id; the name stands in a label on the
// engine's own container, and clients see it where they wrote it. Pure.

#include <string>
#include <string_view>

#include "docker/create_request.h"
#include "docker/merge_json.h"

namespace docker {

constexpr std::string_view askedImageLabel = "io.drover.image";

// This id in the place of the request's Image, which its label then names.
void useImageId(docker::CreateRequest& request, const std::string& id);

// Undoes that in what has an Image and Labels: an entry of a list, or the Config of an inspection.
void showAskedImage(JsonObject& container);
std::string withAskedImage(std::string_view container);

}  // namespace docker
