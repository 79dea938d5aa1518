#pragma once

// Coroutines. A Task<T> is one call that may wait: it starts when it is awaited, it is owned by
// whoever awaits it, and destroying it cancels it together with everything it is waiting for.
// A Scope owns tasks that run beside their starter.
//
// g++ makes no tail calls at -O0 or under ASan, so an awaiting coroutine starts its child with
// resume() and suspends only if the child did. A loop that awaits a thousand children which are all
// ready at once therefore uses no stack.

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace base {

template <class T = void>
class Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> continuation;  // who waits for us; none until we suspended once
  std::exception_ptr fault;

  // Runs whoever waits. The frame may be destroyed by that, so nothing is touched afterwards.
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class P>
    void await_suspend(std::coroutine_handle<P> self) const noexcept {
      std::coroutine_handle<> next = self.promise().continuation;
      if (next) next.resume();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { fault = std::current_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    if (fault) std::rethrow_exception(fault);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void take() const {
    if (fault) std::rethrow_exception(fault);
  }
};

}  // namespace detail

template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> parent) {
    handle_.resume();
    if (handle_.done()) return false;
    handle_.promise().continuation = parent;
    return true;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}

inline Task<void> detail::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

// An event that tasks wait for: fire() resumes, once each, those that wait at that moment, in the
// order they came. Waiters may be cancelled at any time; those of an event that is destroyed are
// never resumed.
class Event {
 public:
  Event() = default;
  ~Event() {
    for (Wait* each = first_; each; each = each->next_) each->link_ = nullptr;
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  class Wait {
   public:
    explicit Wait(Event& event) : event_(&event) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() { unlink(); }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
      waiter_ = waiter;
      link_ = event_->last_;
      event_->last_ = &next_;
      *link_ = this;
    }
    void await_resume() const noexcept {}

   private:
    friend class Event;
    void unlink() {
      if (!link_) return;
      *link_ = next_;
      if (next_) {
        next_->link_ = link_;
      } else {
        event_->last_ = link_;
      }
      link_ = nullptr;
    }
    Event* event_;
    std::coroutine_handle<> waiter_;
    Wait* next_ = nullptr;
    Wait** link_ = nullptr;
  };

  [[nodiscard]] Wait wait() { return Wait(*this); }

  void fire() {
    Event now;  // those who wait again while we resume the others wait for the next time
    if (!first_) return;
    now.first_ = std::exchange(first_, nullptr);
    now.last_ = std::exchange(last_, &first_);
    now.first_->link_ = &now.first_;
    for (Wait* each = now.first_; each; each = each->next_) each->event_ = &now;
    while (Wait* each = now.first_) {
      each->unlink();
      each->waiter_.resume();
    }
  }

 private:
  Wait* first_ = nullptr;
  Wait** last_ = &first_;
};

// Owns running tasks. Destroying the scope cancels those that have not ended. Must be the last
// member of the object whose state its tasks use, so that it goes first. A task must not destroy
// the scope it runs in.
class Scope {
 public:
  using OnFault = std::function<void(std::exception_ptr)>;

  // `onFault` hears of each exception that leaves a spawned task.
  explicit Scope(OnFault onFault) : onFault_(std::move(onFault)) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope() { cancelAll(); }

  // Starts `task` now; returns when it first waits or has ended.
  void spawn(Task<> task) {
    Runner runner = run(*this, std::move(task));
    runner.handle.resume();
  }

  // Cancels every task that has not ended.
  void cancelAll() {
    while (first_) std::coroutine_handle<Runner::promise_type>::from_promise(*first_).destroy();
  }

  bool empty() const { return !first_; }

  // Fires when a task has ended by itself. By then the task is gone, so whoever is resumed by it
  // may destroy the scope.
  Event& taskEnded() { return taskEnded_; }

 private:
  // The frame around one spawned task; it links itself into its scope and, at its end or when it is
  // destroyed, out of it.
  struct Runner {
    struct promise_type {
      Scope& scope;
      promise_type* next;
      promise_type** link;

      promise_type(Scope& owner, Task<>&) : scope(owner), next(owner.first_), link(&owner.first_) {
        if (next) next->link = &next;
        scope.first_ = this;
      }
      ~promise_type() {
        *link = next;
        if (next) next->link = link;
      }
      Runner get_return_object() {
        return {std::coroutine_handle<promise_type>::from_promise(*this)};
      }
      std::suspend_always initial_suspend() const noexcept { return {}; }
      struct Final {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
          Scope& scope = self.promise().scope;
          self.destroy();
          scope.taskEnded_.fire();
        }
        void await_resume() const noexcept {}
      };
      Final final_suspend() const noexcept { return {}; }
      void return_void() const noexcept {}
      void unhandled_exception() { scope.onFault_(std::current_exception()); }
    };
    std::coroutine_handle<promise_type> handle;
  };

  static Runner run(Scope&, Task<> task) { co_await task; }

  OnFault onFault_;
  Event taskEnded_;
  Runner::promise_type* first_ = nullptr;
};

}  // namespace base
