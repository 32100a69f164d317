// Label: says which one it is that the present task works for, in the user's terms.
//
//     tasks::Label label{"request", request.id};
//
// Shown with the task in dumps (request=8431) and in JSON. What the task starts inside the scope inherits it: jobs,
// handles, and the threads that run those handles. A thread made by std::thread does not: give it a Label of its own.
// Lock-free; system calls and allocation as <tasks/job.hpp> tells: next to none. Not for signal handlers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <tasks/export.h>
#include <tasks/job.hpp>

namespace tasks {

/// Must end on the thread that began it, in reverse order with Job, Wait and JobRun. One label a task: the inner one
/// is told until it ends, then the outer one again.
class TASKS_EXPORT Label {
public:
    /// The longest text that is kept, in bytes; a longer one is cut, at a UTF-8 character's edge, and shown with "...".
    static constexpr std::size_t most_text_bytes = 31;

    /// `key` is a literal; `text` is copied.
    Label(const char* key, std::string_view text, const SourcePlace& place = SourcePlace::here()) noexcept;
    /// The number in decimal.
    template <class Integer, std::enable_if_t<std::is_integral_v<Integer>, int> = 0>
    Label(const char* key, Integer number, const SourcePlace& place = SourcePlace::here()) noexcept
        : Label(key, static_cast<std::uint64_t>(number), std::is_signed_v<Integer> && number < Integer{}, place) {}
    ~Label();
    Label(const Label&) = delete;
    Label& operator=(const Label&) = delete;

private:
    Label(const char* key, std::uint64_t number, bool negative, const SourcePlace& place) noexcept;

    void* thread_ = nullptr; // the thread's state, or null: not registered
    std::uint64_t outer_text_[4]{};
    std::uint32_t outer_key_ = 0;
    std::uint32_t generation_ = 0;
};

} // namespace tasks
