#pragma once

// Work that would hold the loop for long, done by a thread of libuv's pool while the loop goes on.
//
// What `work` uses is its own: it moves or copies what it needs into itself, since the caller may
// be cancelled while it runs, and it shares nothing with the loop's thread. It cannot be broken
// off.

#include "base/loop.h"
#include "base/task.h"

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

namespace base {

// Ends when `work` has, with what it threw.
Task<> runOffLoop(Loop& loop, std::function<void()> work);

template <class Work>
Task<std::invoke_result_t<Work>> offload(Loop& loop, Work work) {
  using Result = std::invoke_result_t<Work>;
  auto result = std::make_shared<std::optional<Result>>();  // shared with work that outlives us
  auto task = std::make_shared<Work>(std::move(work));      // std::function copies
  std::function<void()> run = [result, task] { result->emplace((*task)()); };
  co_await runOffLoop(loop, std::move(run));
  co_return std::move(**result);
}

}  // namespace base
