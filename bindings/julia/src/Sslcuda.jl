# Sslcuda.jl - libsslcuda from Julia 1.6 or later: contexts, device arrays, failures as exceptions.
#
#   ctx = Context()                                 # a GPU if there is one, else the CPU
#   x = upload(ctx, matrix)                         # DeviceArray, freed by the garbage collector
#   call(ctx, sslcuda_mse, SSLCUDA_F32, length(x), x, target, 0, C_NULL, loss, C_NULL)
#   Array(loss)
#
# call() takes any function of sslcuda.h; [opt] pointers take C_NULL. The library's matrices are
# row-major: its [n, d] is a matrix of d rows and n columns here. SSLCUDA_LIBRARY names the library
# where it is not found by itself. A context serves one call at a time.
module Sslcuda

export Context, DeviceArray, SslcudaError, call, upload, allocate, describe

const library = get(ENV, "SSLCUDA_LIBRARY", "libsslcuda.so.1")

include("declarations.jl")

for name in names(@__MODULE__; all = true)
    startswith(lowercase(String(name)), "sslcuda_") && @eval export $name
end

"A failed call: the number of the broken rule, and a message with argument, value and rule."
struct SslcudaError <: Exception
    status::Int32
    message::String
end

function Base.showerror(io::IO, error::SslcudaError)
    print(io, unsafe_string(sslcuda_status_name(error.status)), ": ", error.message)
end

function check(handle::Ptr{Cvoid}, status::Int32)
    status == SSLCUDA_OK && return nothing
    # These two left their message in the thread.
    in_thread = status == SSLCUDA_BUSY || status == SSLCUDA_INVALID_CONTEXT
    buffer = zeros(UInt8, 1024)
    sslcuda_last_message(in_thread ? C_NULL : handle, buffer, length(buffer))
    throw(SslcudaError(status, GC.@preserve buffer unsafe_string(pointer(buffer))))
end

"A device, its stream and its workspace. Freed by the garbage collector, after its arrays."
mutable struct Context
    handle::Ptr{Cvoid}
    function Context(; device = SSLCUDA_DEVICE_AUTO, ordinal = 0)
        handle = Ref{Ptr{Cvoid}}(C_NULL)
        options = sslcuda_context_options(; device = device, ordinal = ordinal)
        check(C_NULL, sslcuda_context_create(options, handle))
        finalizer(ctx -> sslcuda_context_destroy(ctx.handle), new(handle[]))
    end
end

"Calls a function of sslcuda.h with this context; throws SslcudaError if it fails."
call(ctx::Context, f, arguments...) = GC.@preserve ctx arguments begin
    check(ctx.handle, f(ctx.handle, arguments...))
end

"One line for people: \"cpu (2 threads)\"."
function describe(ctx::Context)
    buffer = zeros(UInt8, 256)
    call(ctx, sslcuda_context_describe, buffer, length(buffer))
    GC.@preserve buffer unsafe_string(pointer(buffer))
end

"""
Memory of a context's device. Its finalizer gives it back while the context lives; destroying the
context frees what is left, and a handle that is gone is refused, not touched.
"""
mutable struct DeviceArray{T,N}
    context::Context
    pointer::Ptr{T}
    size::NTuple{N,Int}
    function DeviceArray{T}(ctx::Context, size::NTuple{N,Int}) where {T,N}
        memory = Ref{Ptr{Cvoid}}(C_NULL)
        call(ctx, sslcuda_alloc, prod(size) * sizeof(T), memory)
        array = new{T,N}(ctx, Ptr{T}(memory[]), size)
        finalizer(a -> sslcuda_free(a.context.handle, a.pointer), array)
    end
end

Base.size(array::DeviceArray) = array.size
Base.length(array::DeviceArray) = prod(array.size)
# So that a DeviceArray goes where a function of sslcuda.h takes a pointer.
Base.cconvert(::Type{Ptr{T}}, array::DeviceArray) where {T} = array
Base.unsafe_convert(::Type{Ptr{T}}, array::DeviceArray) where {T} = Ptr{T}(array.pointer)

"Contents undefined."
allocate(ctx::Context, ::Type{T}, size::Integer...) where {T} = DeviceArray{T}(ctx, Int.(size))

"A copy in the device's memory."
function upload(ctx::Context, source::Array{T}) where {T}
    array = DeviceArray{T}(ctx, size(source))
    isempty(source) && return array
    call(ctx, sslcuda_copy, array, source, sizeof(source), SSLCUDA_HOST_TO_DEVICE)
    return array
end

"A copy of the elements, after the work that was queued before."
function Base.Array(array::DeviceArray{T,N}) where {T,N}
    result = Array{T,N}(undef, array.size)
    isempty(result) && return result
    call(array.context, sslcuda_copy, result, array, sizeof(result), SSLCUDA_DEVICE_TO_HOST)
    return result
end

end
