#pragma once

// Why something the cluster was asked for could not be done, in words for the client, with Docker's
// status code.

#include <stdexcept>
#include <string>

namespace cluster {

class AgentError : public std::runtime_error {
 public:
  AgentError(int status, const std::string& why) : std::runtime_error(why), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

}  // namespace cluster
