#include "plain_unit.hpp"

#ifdef TASKS_EXPORT
#error "this unit includes no header of the agent"
#endif

namespace tasks::test {
namespace {

struct Waits {
    std::coroutine_handle<>& resumed;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) const noexcept { resumed = self; }
    void await_resume() const noexcept {}
};

} // namespace

Plain plain(std::coroutine_handle<> inner, std::coroutine_handle<>& resumed) {
    if (inner)
        inner.resume();
    co_await Waits{resumed};
}

} // namespace tasks::test
