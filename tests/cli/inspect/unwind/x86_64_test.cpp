// Code bytes as assemblers write them; each comment is what objdump says.
#include <array>
#include <vector>

#include <catch2/catch.hpp>

#include "unwind/x86_64.hpp"

using namespace tasks::inspect::x86_64;

namespace {

using Bytes = std::vector<std::uint8_t>;

Call before(Bytes code) {
    Bytes padded(longest_call > code.size() ? longest_call - code.size() : 0, 0x90);
    padded.insert(padded.end(), code.begin(), code.end());
    return call_before(Code{padded}.last(longest_call), 0x401000);
}

} // namespace

TEST_CASE("the root of a fiber is known by its code") {
    Bytes root{0x48, 0x31, 0xff, 0xe8, 0x10, 0x20, 0x00, 0x00, 0xf4}; // xor %rdi,%rdi; call; hlt
    REQUIRE(is_fiber_root(root));
    REQUIRE(is_fiber_root(Bytes{0x55, 0xff, 0xe3})); // push %rbp; jmp *%rbx
    REQUIRE(is_fiber_root(Bytes{0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0xff, 0xe3}));
    for (std::size_t size = 0; size < root.size(); ++size)
        REQUIRE_FALSE(is_fiber_root(Code{root}.first(size)));
    root.back() = 0x90; // nop: goes on
    REQUIRE_FALSE(is_fiber_root(root));
}

TEST_CASE("a direct call's target is relative to the return address") {
    const Call call = before({0xe8, 0x10, 0x00, 0x00, 0x00}); // call 401010
    REQUIRE(call.kind == CallKind::direct);
    REQUIRE(call.target == 0x401010);
    REQUIRE(before({0xe8, 0xf0, 0xff, 0xff, 0xff}).target == 0x400ff0);
}

TEST_CASE("calls through registers and memory are known, of every length") {
    const std::vector<Bytes> calls{
        {0xff, 0xd0},                               // call *%rax
        {0x41, 0xff, 0xd4},                         // call *%r12
        {0xff, 0x10},                               // call *(%rax)
        {0xff, 0x50, 0x18},                         // call *0x18(%rax)
        {0xff, 0x14, 0xc3},                         // call *(%rbx,%rax,8)
        {0xff, 0x54, 0x24, 0x08},                   // call *0x8(%rsp)
        {0xff, 0x15, 0x10, 0x20, 0x00, 0x00},       // call *0x2010(%rip)
        {0xff, 0x90, 0x10, 0x01, 0x00, 0x00},       // call *0x110(%rax)
        {0xff, 0x94, 0x24, 0x80, 0x00, 0x00, 0x00}, // call *0x80(%rsp)
        {0xff, 0x14, 0xc5, 0x40, 0x20, 0x40, 0x00}, // call *0x402040(,%rax,8)
    };
    for (const Bytes& code : calls) {
        INFO(code.size() << " bytes, second " << unsigned{code[1]});
        REQUIRE(before(code).kind == CallKind::indirect);
    }
}

TEST_CASE("jumps, pushes and plain data are no calls") {
    REQUIRE(before({0xff, 0xe0}).kind == CallKind::none);                         // jmp *%rax
    REQUIRE(before({0xff, 0x25, 0x10, 0x20, 0x00, 0x00}).kind == CallKind::none); // jmp *0x2010(%rip)
    REQUIRE(before({0xff, 0x75, 0xf8}).kind == CallKind::none);                   // push -0x8(%rbp)
    REQUIRE(before({0x90, 0x90, 0x90}).kind == CallKind::none);
    REQUIRE(call_before({}, 0x401000).kind == CallKind::none);
}

TEST_CASE("bytes that end both a direct and an indirect call are told") {
    const Call call = before({0xe8, 0x01, 0x02, 0xff, 0xd0});
    REQUIRE(call.kind == CallKind::direct);
    REQUIRE(call.perhaps_indirect);
}

TEST_CASE("code that moves the stack pointer by an amount of its own makes a frame dynamic, its end does not") {
    REQUIRE(may_have_dynamic_frame(Bytes{0x48, 0x29, 0xc4}));                   // sub %rax, %rsp
    REQUIRE(may_have_dynamic_frame(Bytes{0x90, 0x48, 0x83, 0xe4, 0xc0}));       // and $-64, %rsp
    REQUIRE(may_have_dynamic_frame(Bytes{0x48, 0x8d, 0x64, 0x05, 0x00}));       // lea (%rbp, %rax), %rsp
    REQUIRE_FALSE(may_have_dynamic_frame(Bytes{0x48, 0x83, 0xec, 0x20}));       // sub $32, %rsp
    REQUIRE_FALSE(may_have_dynamic_frame(Bytes{0x48, 0x8d, 0x65, 0xe0, 0x5b})); // lea -32(%rbp), %rsp
}

TEST_CASE("the trampoline of a signal handler is known by its bytes") {
    const Bytes libc{0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05}; // mov $0xf,%rax; syscall
    REQUIRE(is_signal_return(libc));
    REQUIRE(is_signal_return(Bytes{0xb8, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05, 0x90, 0x90}));
    for (std::size_t length = 0; length < libc.size(); ++length)
        REQUIRE_FALSE(is_signal_return(Code{libc}.first(length)));
    REQUIRE_FALSE(is_signal_return(Bytes{0xb8, 0x0e, 0x00, 0x00, 0x00, 0x0f, 0x05, 0x90, 0x90})); // another call
}

TEST_CASE("an entry of the procedure linkage table names its slot") {
    REQUIRE(jump_slot(Bytes{0xff, 0x25, 0x10, 0x00, 0x00, 0x00}, 0x1000) == 0x1016);
    REQUIRE(jump_slot(Bytes{0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0x10, 0x00, 0x00, 0x00}, 0x1000) == 0x101a);
    REQUIRE(jump_slot(Bytes{0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0x10, 0x00, 0x00, 0x00}, 0x1000) == 0x101b);
    REQUIRE(jump_slot(Bytes{0xff, 0x25, 0xf0, 0xff, 0xff, 0xff}, 0x1000) == 0xff6);
    REQUIRE_FALSE(jump_slot(Bytes{0xff, 0x25, 0x10, 0x00, 0x00}, 0x1000));
    REQUIRE_FALSE(jump_slot(Bytes{}, 0x1000));
    REQUIRE_FALSE(jump_slot(Bytes{0x55, 0x48, 0x89, 0xe5, 0xc3, 0x90}, 0x1000));
}

TEST_CASE("a function's first instructions tell how far its frame pointer lies above the stack pointer") {
    // push %rbp; mov %rsp,%rbp; push %r12; mov %rdi,%r12; push %rbx; sub $0x20,%rsp
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x89, 0xe5, 0x41, 0x54, 0x49, 0x89, 0xfc, 0x53, 0x48, 0x83, 0xec,
                                   0x20}) == 8 + 8 + 0x20);
    // endbr64; push %rbp; mov %rsp,%rbp; sub $0x1000,%rsp; call ...
    REQUIRE(frame_size_after(Bytes{0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, 0x00, 0x10, 0x00,
                                   0x00, 0xe8}) == 0x1000);
    // push %rbp; mov %rsp,%rbp; add $-0x80,%rsp
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xc4, 0x80}) == 0x80);
    // the frame is realigned after this: what is known is the least
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x83, 0xe4, 0xe0}) == 8);
    // sub $0x18,%rsp: no frame pointer
    REQUIRE_FALSE(frame_size_after(Bytes{0x48, 0x83, 0xec, 0x18}));
    REQUIRE_FALSE(frame_size_after(Bytes{}));
    // an instruction cut in the middle is not read
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec}) == 0);
}

TEST_CASE("instructions between the pushes that do not touch the frame are skipped") {
    // push %rbp; lea 0x60(%rdi),%rsi; mov %rsp,%rbp; push %r15; push %rbx; sub $0xdb8,%rsp; mov %fs:0x28,%rax
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x8d, 0x77, 0x60, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x53, 0x48, 0x81, 0xec,
                                   0xb8, 0x0d, 0x00, 0x00, 0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0x00, 0x00, 0x00}) ==
            16 + 0xdb8);
    // push %rbp; mov $5,%eax; movabs $1,%r10; mov %rsp,%rbp; mov 0x8(%rsp,%rax,4),%r13; mov %fs:0x28,%rax; push %r13
    REQUIRE(frame_size_after(Bytes{0x55, 0xb8, 0x05, 0x00, 0x00, 0x00, 0x49, 0xba, 0x01, 0x00, 0x00, 0x00,
                                   0x00, 0x00, 0x00, 0x00, 0x48, 0x89, 0xe5, 0x4c, 0x8b, 0x6c, 0x84, 0x08,
                                   0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0x00, 0x00, 0x00, 0x41, 0x55}) == 8);
    // push %rbp; mov %rsp,%rbp; mov %rdi,-0x8(%rbp); mov 0x10(%rip),%rax; xor %eax,%eax; test %rsp,%rsp; push %rbx
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0x7d, 0xf8, 0x48, 0x8b, 0x05,
                                   0x10, 0x00, 0x00, 0x00, 0x31, 0xc0, 0x48, 0x85, 0xe4, 0x53}) == 8);
    // a constant, and an operand, that are cut
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x89, 0xe5, 0x53, 0xb8, 0x05, 0x00}) == 8);
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x89, 0xe5, 0x53, 0x48, 0x8b, 0x04}) == 8);
}

TEST_CASE("an instruction that writes the stack or the frame pointer ends what is known of a frame") {
    // push %rbp; mov %rsp,%rbp; then: lea -0x8(%rsp),%rsp; mov 0x8(%rbx),%rbp; mov $1,%esp; xor %ebp,%ebp; push %rbx
    for (const Bytes& ending : {Bytes{0x48, 0x8d, 0x64, 0x24, 0xf8}, Bytes{0x48, 0x8b, 0x6b, 0x08},
                                Bytes{0xbc, 0x01, 0x00, 0x00, 0x00}, Bytes{0x31, 0xed}}) {
        Bytes code{0x55, 0x48, 0x89, 0xe5};
        code.insert(code.end(), ending.begin(), ending.end());
        code.push_back(0x53);
        REQUIRE(frame_size_after(code) == 0);
    }
}

TEST_CASE("a move to the stack pointer ends what is known of a frame") {
    // push %rbp; mov %rsp,%rbp; mov %rax,%rsp; push %rbx
    REQUIRE(frame_size_after(Bytes{0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xc4, 0x53}) == 0);
}
