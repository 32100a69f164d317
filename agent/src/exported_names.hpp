// The names that a module exports, looked up in its dynamic symbol table where it is loaded: without the loader's lock,
// without opening a file, through copies of memory that may be any bytes. Names as the linker knows them: nothing is
// demangled. What a module does not export has no name.
// A look costs as much as its table is long (libc's: 3,000 symbols, 30 us); what was found is kept by address.
// Allocates nothing; one thread.
#pragma once

#include <elf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tasks::agent {

class ExportedNames {
public:
    static constexpr std::size_t longest_name = 239;

    struct Kept {
        std::uint64_t pc; ///< 0: unused
        std::array<char, longest_name + 1> name;
    };
    static constexpr std::size_t slots = 256;
    static constexpr std::size_t piece_bytes = 12 * 1024; // whole symbols, hashes, dynamic entries
    static constexpr std::size_t memory_bytes = piece_bytes + slots * sizeof(Kept);

    /// `memory`: zeros.
    explicit ExportedNames(std::span<char> memory) noexcept
        : piece_(memory.first(piece_bytes)),
          kept_(static_cast<Kept*>(static_cast<void*>(memory.data() + piece_bytes))) {}

    /// The exported function that holds `pc`, of the module whose first page lies at `image`; "" where there is none.
    /// Valid until the next call.
    std::string_view at(std::uint64_t pc, std::uint64_t image) noexcept;

private:
    /// Where a module's tables are, in memory.
    struct Tables {
        std::uint64_t bias = 0;
        std::uint64_t symbols = 0;
        std::uint64_t strings = 0;
        std::uint64_t string_bytes = 0;
        std::uint64_t hash = 0;
        std::uint64_t gnu_hash = 0;
    };

    template <class Object> std::span<const Object> read(std::uint64_t address, std::uint64_t count) noexcept;
    template <class Object> bool read_one(std::uint64_t address, Object& object) noexcept;
    bool find_tables(std::uint64_t image, Tables& tables) noexcept;
    static void take(const Elf64_Dyn& entry, std::uint64_t image, Tables& tables) noexcept;
    std::uint64_t symbol_count(const Tables& tables) noexcept;
    std::uint64_t last_in_gnu_hash(std::uint64_t table) noexcept;
    void find(std::uint64_t pc, std::uint64_t image, Kept& kept) noexcept;
    void take_better_name(const Tables& tables, const Elf64_Sym& symbol, Kept& kept) noexcept;

    std::span<char> piece_;
    Kept* kept_;
};

} // namespace tasks::agent
