#include "crash_stacks.hpp"

#include <signal.h>
#include <sys/mman.h>

#include <cstdint>

#include "region.hpp"
#include "registry.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t mapped_bytes = crash_stack_bytes + 2 * page_bytes;

} // namespace

void* take_crash_stack() noexcept {
    stack_t before{};
    if (::sigaltstack(nullptr, &before) != 0 || (before.ss_flags & SS_DISABLE) == 0)
        return nullptr;
    void* memory = ::mmap(nullptr, mapped_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return nullptr;
    stack_t stack{};
    stack.ss_sp = static_cast<char*>(memory) + page_bytes;
    stack.ss_size = crash_stack_bytes;
    if (::mprotect(stack.ss_sp, stack.ss_size, PROT_READ | PROT_WRITE) == 0 && ::sigaltstack(&stack, nullptr) == 0)
        return memory;
    ::munmap(memory, mapped_bytes);
    return nullptr;
}

void give_crash_stack(void* memory) noexcept {
    stack_t now{};
    if (memory == nullptr || ::sigaltstack(nullptr, &now) != 0 || now.ss_sp != static_cast<char*>(memory) + page_bytes)
        return;
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    if (::sigaltstack(&none, nullptr) == 0) // it fails in a handler that runs on it
        ::munmap(memory, mapped_bytes);
}

void want_crash_stacks() noexcept { Registry::set_crash_stacks(take_crash_stack, give_crash_stack); }

#if defined(__x86_64__)
[[gnu::noinline]] void run_on_stack(void* top, void (*work)(void*), void* argument) noexcept {
    const std::uintptr_t aligned = reinterpret_cast<std::uintptr_t>(top) & ~std::uintptr_t{15};
    asm volatile("movq %%rsp, %%rbx\n\t"
                 "movq %[top], %%rsp\n\t"
                 "callq *%[work]\n\t"
                 "movq %%rbx, %%rsp"
                 : "+D"(argument)
                 : [top] "r"(aligned), [work] "r"(work)
                 : "rbx", "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
                   "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
                   "memory", "cc");
}
#else
#error "crash_stacks.cpp: add this processor's way to change the stack"
#endif

} // namespace tasks::agent
