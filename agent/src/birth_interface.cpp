#include "birth_interface.hpp"

#include <cstddef>

#include "registry.hpp"
#include "run.hpp"

namespace tasks::agent {
namespace {

void want() noexcept { Births::want(); }

std::uint32_t* scope() noexcept {
    Registry* registry = Registry::active();
    ThreadState* thread = registry == nullptr ? nullptr : registry->this_thread();
    return thread == nullptr ? nullptr : &registry->present_label(*thread).scope;
}

void* begin(const std::uint64_t* pcs, std::uint32_t count, void* (*start)(void*), void* argument) noexcept {
    Registry* registry = Registry::active();
    if (registry == nullptr || Run::is_own_thread(start))
        return nullptr;
    const std::uint32_t* inherited = scope(); // binds the thread
    BirthSlot* slot = nullptr;
    if (inherited != nullptr)
        slot = registry->births().begin(*registry, *Registry::bound(), *inherited, {pcs, count});
    else
        registry->births().count_dropped();
    if (registry->births().wants_room())
        registry->after_begin();
    if (slot == nullptr)
        return nullptr;
    slot->start = start;
    slot->argument = argument;
    return slot;
}

void cancel(void* given) noexcept {
    auto& slot = *static_cast<BirthSlot*>(given);
    ThreadState* creator = Registry::bound();
    if (creator != nullptr && creator->registry == slot.registry)
        slot.registry->births().cancel(*creator, slot);
    else
        slot.registry->births().forget(slot);
}

/// In two registers: an object on the stack would keep run() from jumping to the routine.
struct Routine {
    void* (*start)(void*);
    void* argument;
};

/// The thread is known from here on, and its end is noticed.
[[gnu::noinline]] Routine take(void* given) noexcept {
    const BirthSlot slot = *static_cast<BirthSlot*>(given); // another thread's as soon as it is forgotten
    if (Registry::active() != slot.registry)
        return {slot.start, slot.argument};
    if (ThreadState* thread = slot.registry->this_thread(); thread != nullptr) {
        slot.registry->births().run(*thread, slot);
    } else {
        slot.registry->births().forget(slot);
        slot.registry->births().count_dropped();
    }
    return {slot.start, slot.argument};
}

void* run(void* given) {
    const Routine routine = take(given);
    return routine.start(routine.argument);
}

const void* table() noexcept {
    Registry* registry = Registry::active();
    return registry == nullptr ? nullptr : &registry->file().header();
}

} // namespace

extern const BirthInterface birth_interface;
__attribute__((used)) constexpr BirthInterface birth_interface{
    birth_interface_version, 1, want, begin, cancel, run, scope, table};

} // namespace tasks::agent

// 'R': no linker leaves it out, though nothing refers to it.
asm(R"(
    .pushsection .note.tasks.births, "aR", @note
    .balign 4
    .long 6, 8, 1
    .asciz "tasks"
    .balign 4
    .quad _ZN5tasks5agent15birth_interfaceE - .
    .popsection
)");
