#pragma once

// A request to create a container, as a node that is asked for it understands it: what is asked of
// placement, and what its engine is to get. Pure.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.h"
#include "catalog/container_record.h"
#include "docker/create_request.h"
#include "docker/refusal.h"
#include "labels/decode.h"
#include "orchestrator/held_claim.h"

namespace orchestrator {

// From this size on a body is read and written by another thread, while the loop goes on.
constexpr size_t longBody = 64 * 1024;

// What is to be made, on whichever node.
struct CreateOrder {
  std::string target;   // of the request
  std::string headers;  // of it, those that an engine's answer depends on
  docker::CreateRequest request;
  std::string name;  // may be empty
  std::string platform;
  std::string token;           // of a reservation that the node has which asked us to make it
  bool isSaidToBeJson = true;  // by its Content-Type
  bool leaveToEngine = false;  // what an engine checks by itself: see labels::Options
  labels::Decoded asked;
  catalog::ContainerFacts facts;  // of the container that comes of it
};

// All of it but what the body says.
CreateOrder readHead(const base::Head& request, std::string_view query);

// The same with what the body says. The one place where it is parsed.
CreateOrder withBody(CreateOrder order, std::string_view body);

// What its engine is to get in the place of what was asked for.
struct EngineEdits {
  std::vector<size_t> envTaken;  // which elements of Env were expressions, and become labels
  bool startOnce = false;
  std::string hostname;        // empty: as asked
  std::string publishAddress;  // of ports that name none; empty: any
  bool none() const;
};
EngineEdits editsFor(const CreateOrder& order, std::string publishAddress);

struct EngineRequest {
  docker::CreateRequest request;
  std::string body;  // of it
};
EngineRequest forEngine(docker::CreateRequest request, const EngineEdits& edits);

// What has to be mended before it can be placed.
docker::Refusal malformed(const CreateOrder& order);

}  // namespace orchestrator
