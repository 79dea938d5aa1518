#pragma once

// One client's connection, as the handlers of requests see it.

#include <memory>
#include <string>

#include "base/http.h"
#include "base/stream.h"
#include "base/task.h"
#include "proxy/http/body_budget.h"

namespace proxy {

struct Exchange {
  // `bodies` must outlive it.
  Exchange(std::unique_ptr<base::Stream> accepted, base::HttpLimits limits, BodyBudget& bodies)
      : stream(std::move(accepted)),
        reader(base::MessageReader::Kind::request, limits),
        body(bodies) {}

  const base::Head& request() const { return reader.head(); }

  std::unique_ptr<base::Stream> stream;
  base::MessageReader reader;  // the request in hand
  std::string rest;            // bytes read that come after what `reader` took

  BodyBudget::Share body;  // what is held of the request's body

  bool isStranger = false;  // has shown no certificate where one could be
  bool onThisHost = false;  // came over a unix socket
  bool fromNode = false;    // came to where peers come: what it asks for is this host's
  std::string nodeId;       // then: of the node whose certificate it showed; empty without one

  // Set by who answers.
  std::string upstream;   // the server that was asked, for messages
  int status = 0;         // of the answer that was begun; 0 while there is none
  bool keepAlive = true;  // another request may follow on this connection
};

}  // namespace proxy
