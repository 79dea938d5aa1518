#pragma once

// What a request to create a container says about where it may run: the objects it depends on,
// which live on a node, and the node it asks for. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

struct CreateRequest {
  std::string image;
  // Each lives on one node, so the container has to go there.
  std::vector<std::string> containers;  // network_mode, ipc, pid: container:X; volumes_from; links
  std::vector<std::string> networks;    // user-defined ones, by name or id
  std::vector<std::string> volumes;     // named ones
  bool bindsHost = false;  // a directory of the host: stays with the node that is asked
  std::string node;        // asked for by name or id; empty: any
  // The body without the expressions that ask for a node, which are not the container's to see.
  std::string body;
};

// Nothing if it is no request to create a container; its engine then tells what is wrong.
std::optional<CreateRequest> parseCreate(std::string_view body);

}  // namespace proxy
