// Machine code of x86-64 as bytes; the comments say what it is.
#include <catch2/catch.hpp>

#include "coroutines/value_flow.hpp"
#include "coroutines/x86_64_code.hpp"

namespace {

using namespace tasks::inspect;

constexpr std::uint64_t start = 0x1000;

std::vector<MemoryWrite> writes_of(const std::vector<std::uint8_t>& bytes) {
    return memory_writes(x86_64_code::decoded(bytes, start), start, {});
}

std::vector<std::uint64_t> values(const MemoryWrite& write) {
    std::vector<std::uint64_t> all;
    for (const WrittenConstant& one : write.constants)
        all.push_back(one.value);
    return all;
}

using Values = std::vector<std::uint64_t>;

} // namespace

TEST_CASE("an index stored through a register, to a frame that was moved") {
    const auto writes = writes_of({0x48, 0x89, 0xfb,             // mov %rdi, %rbx
                                   0xb8, 0x04, 0x00, 0x00, 0x00, // mov $4, %eax
                                   0x66, 0x89, 0x43, 0x58,       // mov %ax, 0x58(%rbx)
                                   0xc3});                       // ret
    REQUIRE(writes.size() == 1);
    CHECK(writes[0].pointer.kind == PointerOrigin::Kind::argument);
    CHECK(writes[0].offset == 0x58);
    CHECK(writes[0].bytes == 2);
    CHECK(writes[0].address == start + 8);
    CHECK(values(writes[0]) == Values{4});
}

TEST_CASE("a frame that was kept on the stack over a call is still the frame") {
    const auto writes = writes_of({0x55,                           // push %rbp
                                   0x48, 0x89, 0xe5,               // mov %rsp, %rbp
                                   0x48, 0x83, 0xec, 0x10,         // sub $16, %rsp
                                   0x48, 0x89, 0x7d, 0xf8,         // mov %rdi, -8(%rbp)
                                   0xe8, 0x00, 0x00, 0x00, 0x00,   // call
                                   0x48, 0x8b, 0x45, 0xf8,         // mov -8(%rbp), %rax
                                   0xc6, 0x40, 0x24, 0x03, 0xc3}); // movb $3, 0x24(%rax); ret
    REQUIRE(writes.size() == 1);
    CHECK(writes[0].pointer.kind == PointerOrigin::Kind::argument);
    CHECK(values(writes[0]) == Values{3});
}

TEST_CASE("a store that two paths share writes the constants of both") {
    const auto writes = writes_of({0x85, 0xf6,       // test %esi, %esi
                                   0x74, 0x04,       // je +4
                                   0xb1, 0x01,       // mov $1, %cl
                                   0xeb, 0x02,       // jmp +2
                                   0xb1, 0x02,       // mov $2, %cl
                                   0x88, 0x4f, 0x50, // mov %cl, 0x50(%rdi)
                                   0xc3});
    REQUIRE(writes.size() == 1);
    CHECK(values(writes[0]) == Values{1, 2});
    CHECK(writes[0].constants[0].set_at == start + 4);
}

TEST_CASE("an index that is calculated from a condition") {
    const auto writes = writes_of({0x85, 0xf6,       // test %esi, %esi
                                   0x0f, 0x94, 0xc0, // sete %al
                                   0x0c, 0x02,       // or $2, %al
                                   0x88, 0x47, 0x24, // mov %al, 0x24(%rdi)
                                   0xc3});
    REQUIRE(writes.size() == 1);
    CHECK(values(writes[0]) == Values{2, 3});
}

TEST_CASE("what a call may have changed is not known") {
    const auto writes = writes_of({0xb8, 0x04, 0x00, 0x00, 0x00,   // mov $4, %eax
                                   0xe8, 0x00, 0x00, 0x00, 0x00,   // call
                                   0x66, 0x89, 0x47, 0x58, 0xc3}); // mov %ax, 0x58(%rdi); ret
    REQUIRE(writes.size() == 1);
    CHECK(writes[0].pointer.kind == PointerOrigin::Kind::unknown);
    CHECK(values(writes[0]).empty());
}

TEST_CASE("any bytes are walked to an end") {
    std::uint32_t random = 1;
    for (int round = 0; round < 200; ++round) {
        std::vector<std::uint8_t> bytes;
        for (int i = 0; i < 300; ++i) {
            random = random * 1664525 + 1013904223;
            bytes.push_back(static_cast<std::uint8_t>(random >> 24));
        }
        writes_of(bytes);
    }
    SUCCEED();
}
