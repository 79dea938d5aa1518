#pragma once

// A request to create a container, as we read it: what is asked of placement, and what its engine
// is to get. Pure.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.h"
#include "catalog/container_record.h"
#include "labels/decode.h"
#include "orchestrator/held_claim.h"

namespace orchestrator {

// From this size on a body is read and written by another thread, while the loop goes on.
constexpr size_t longBody = 64 * 1024;

// What is to be made, on whichever node.
struct CreateOrder {
  std::string target;   // of the request
  std::string headers;  // of it, those that an engine's answer depends on
  std::string body;     // as the engine reads it
  std::string after;    // what the client wrote behind it
  std::string fault;    // what it wrote is no JSON: why
  std::string name;     // may be empty
  std::string platform;
  std::string token;           // of a reservation that the node has which asked us to make it
  bool isSaidToBeJson = true;  // by its Content-Type
  bool leaveToEngine = false;  // what an engine checks by itself: see labels::Options
  labels::Decoded asked;
  catalog::ContainerFacts facts;  // of the container that comes of it
};

// All of it but what the body says.
CreateOrder readHead(const base::Head& request, std::string_view query);

// The same with what the body says. It takes 30 ms for a megabyte, as bodyForEngine() does.
CreateOrder withBody(CreateOrder order, std::string_view body);

// The same with these containers in the place of those that it names.
CreateOrder withOthers(CreateOrder order, const std::map<std::string, std::string>& others);

// What the engine of its node is to get in place of what was asked for.
struct EngineEdits {
  std::vector<size_t> envTaken;  // which elements of Env were expressions, and became labels
  bool startOnce = false;
  std::string hostname;        // empty: as asked
  std::string publishAddress;  // of ports that name none; empty: any
  bool none() const;
};
EngineEdits editsFor(const CreateOrder& order, std::string publishAddress);
// What that engine gets, but for `after`.
std::string bodyForEngine(std::string body, const EngineEdits& edits);

// What has to be mended before it can be placed.
Refusal malformed(const CreateOrder& order);

}  // namespace orchestrator
