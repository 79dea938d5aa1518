#pragma once

// Why a client's request is not done, as Docker's API says it.

#include <string>

namespace docker {

struct Refusal {
  int status = 0;  // of HTTP; 0: it is not refused
  std::string message;
};

}  // namespace docker
