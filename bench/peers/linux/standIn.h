/* What io-pgtable-arm.c asks of the kernel that it is part of, as far as page tables depend on it. Stands in for all headers that it includes but
 * linux/io-pgtable.h. Where the kernel's cost counts (barriers, atomic operations, zeroed pages) it does what the kernel does on x86-64. */
#ifndef PEER_STAND_IN_H
#define PEER_STAND_IN_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef u64 phys_addr_t;
typedef u64 dma_addr_t;
typedef unsigned int gfp_t;

#define GFP_KERNEL 0
#define GFP_ATOMIC 0
#define __GFP_HIGHMEM 2u
#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define BITS_PER_LONG 64
#define SZ_4K 0x1000UL
#define SZ_16K 0x4000UL
#define SZ_64K 0x10000UL
#define SZ_2M 0x200000UL
#define SZ_32M 0x2000000UL
#define SZ_512M 0x20000000UL
#define SZ_1G 0x40000000UL
#define SZ_2G 0x80000000UL

#define BIT(n) (1UL << (n))
#define GENMASK_ULL(high, low) ((~0ULL << (low)) & (~0ULL >> (63 - (high))))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define min(a, b) ({ typeof(a) _a = (a); typeof(b) _b = (b); _a < _b ? _a : _b; })
#define min_t(type, a, b) ({ type _a = (a); type _b = (b); _a < _b ? _a : _b; })
#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))
#define ilog2(n) (63 - __builtin_clzll(n))
#define __ffs(word) ((unsigned long)__builtin_ctzl(word))
#define __fls(word) (63UL - (unsigned long)__builtin_clzl(word))
#define for_each_set_bit(bit, bitmap, bits) \
	for ((bit) = 0; (bit) < (bits); (bit)++) \
		if (*(bitmap) >> (bit) & 1)
#define set_bit(bit, word) __atomic_fetch_or(word, 1UL << (bit), __ATOMIC_SEQ_CST)

static inline int get_order(unsigned long size)
{
	return size <= PAGE_SIZE ? 0 : 64 - __builtin_clzl((size - 1) >> PAGE_SHIFT);
}

#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define wmb() __asm__ volatile("sfence" ::: "memory")
#define dma_wmb() __asm__ volatile("" ::: "memory")
#define cmpxchg64_relaxed(pointer, old, new) __sync_val_compare_and_swap(pointer, old, new)

/* Complaints are counted; the self-test must not raise any. */
extern unsigned long peer_warnings;
#define WARN_ON(condition) ({ bool _bad = !!(condition); if (__builtin_expect(_bad, 0)) peer_warnings++; _bad; })
#define WARN(condition, ...) ({ bool _said = !!(condition); if (_said) { peer_warnings++; fprintf(stderr, __VA_ARGS__); } _said; })
#define VM_BUG_ON(condition) ((void)(condition))
#ifndef pr_fmt
#define pr_fmt(format) format
#endif
#define pr_err(format, ...) fprintf(stderr, pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) fprintf(stdout, pr_fmt(format), ##__VA_ARGS__)
#define dev_err(device, ...) fprintf(stderr, __VA_ARGS__)

#define __init
#define __initdata
#define __initconst
#define EXPORT_SYMBOL_GPL(symbol)
#define subsys_initcall(function) int peer_selftest(void) { return function(); }

#define NUMA_NO_NODE (-1)
struct device {
	int node;
};
static inline int dev_to_node(struct device *device) { return device == NULL ? NUMA_NO_NODE : device->node; }
static inline void set_dev_node(struct device *device, int node) { device->node = node; }

/* Memory: one stretch at a fixed place, whose first byte has a fixed physical address, as the kernel's direct map. */
#define PEER_BASE 0x100000000000UL
#define PEER_PHYS 0x80000000UL
#define virt_to_phys(pointer) ((u64)(pointer) - PEER_BASE + PEER_PHYS)
#define __pa(pointer) virt_to_phys(pointer)
#define __va(paddr) ((void *)((u64)(paddr) - PEER_PHYS + PEER_BASE))
void *iommu_alloc_pages_node(int node, gfp_t gfp, int order);
void iommu_free_pages(void *pages, int order);
#define kmalloc(size, gfp) malloc(size)
#define kfree(pointer) free(pointer)

#define DMA_TO_DEVICE 1
#define dma_map_single(device, pointer, size, direction) virt_to_phys(pointer)
#define dma_mapping_error(device, address) ((void)(address), 0)
#define dma_unmap_single(device, address, size, direction) ((void)(address))
#define dma_sync_single_for_device(device, address, size, direction) ((void)(address))

#define IOMMU_READ 1
#define IOMMU_WRITE 2
#define IOMMU_CACHE 4
#define IOMMU_NOEXEC 8
#define IOMMU_MMIO 16
#define IOMMU_PRIV 32
#define IOMMU_DIRTY_NO_CLEAR 1
struct iommu_iotlb_gather {
	bool queued;
};
static inline bool iommu_iotlb_gather_queued(struct iommu_iotlb_gather *gather) { return gather && gather->queued; }
struct iommu_dirty_bitmap;
static inline void iommu_dirty_bitmap_record(struct iommu_dirty_bitmap *dirty, unsigned long iova, unsigned long size) {}

#endif
